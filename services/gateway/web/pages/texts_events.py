"""Texts of the pages about events, for whoever consumes them."""

from __future__ import annotations

EVENTS: dict[str, tuple[str, str]] = {
    "events.title": ("الأحداث", "Events"),
    "events.lead": (
        "ما يقع في الوحدات المحلية يُبلَّغ للجهات فور وقوعه: طلب قُدّم، ترخيص صدر، رسم سُدّد، كلٌّ بما نصت عليه اتفاقيته.",
        "What happens in the local units is told to agencies as it happens, to each what its agreement names.",
    ),
    "events.asyncapi": ("الوصف الكامل بصيغة AsyncAPI 3.0", "the whole description in AsyncAPI 3.0"),
    "events.ways": ("ثلاث طرق للاستقبال", "Three ways to consume"),
    "events.way.agencyQueue": ("طابور AMQP", "AMQP queue"),
    "events.told.agencyQueue": (
        "طابور خاص بالجهة لدى المركز تقرؤه بشهادتها. ما لم تقرأه ينتظر.",
        "A queue of the agency's own at the centre, read with its certificate. What is not read waits.",
    ),
    "events.way.agencyWebhook": ("إرسال إلى عنوان الجهة", "Webhook"),
    "events.told.agencyWebhook": (
        "يُرسل كل حدث موقّعاً إلى عنوان الجهة، ويُعاد إرساله 72 ساعة إن تعذر الوصول.",
        "Each event is posted, signed, to the agency's address, and tried again for 72 hours where that fails.",
    ),
    "events.way.agencyFeed": ("قائمة تُطلب", "Pull feed"),
    "events.told.agencyFeed": (
        "تطلب الجهة ما بعد آخر ما قرأته، ومن أي تاريخ ما زال محفوظاً.",
        "The agency asks for what came after it last read, and from any date that is still kept.",
    ),
    "events.promises": ("ما تعتمد عليه", "What you may count on"),
    "events.promise_once": (
        "لا يضيع حدث. قد يصل أكثر من مرة، وبرقم id نفسه دائماً.",
        "No event is lost. One may come more than once, always with the same id.",
    ),
    "events.promise_order": (
        "أحداث الطلب الواحد تصل بترتيبها.",
        "Events of one request come in their order.",
    ),
    "events.promise_growth": (
        "لا يُحذف حقل ولا يتغير نوعه. قد يُضاف غيره، فتجاوز ما لا تعرفه.",
        "No field is removed or becomes something else. Others may be added: pass over what you do not know.",
    ),
    "events.promise_people": (
        "لا يحمل حدث اسماً ولا رقماً قومياً ولا هاتفاً ولا عنواناً.",
        "No event carries a name, a national ID, a phone or an address.",
    ),
    "events.types": ("أنواع الأحداث", "Types of events"),
    "events.search": ("ابحث في الأنواع", "Search the types"),
    "events.found": ("عدد الأنواع: {count}", "Types: {count}"),
    "events.all": ("كل الأنواع", "All types"),
    "events.none": ("لا يوجد نوع بهذه الكلمات.", "No type has these words."),
    "events.service.catalog": ("الدليل والهيكل التنظيمي", "The guide and the organisation"),
    "events.service.requests": ("الطلبات والرخص والمكاتبات", "Requests, licences, letters"),
    "events.service.payments": ("المطالبات والمتحصلات", "Bills and collections"),
    "events.service.notifications": ("رسائل المواطنين", "Messages to citizens"),
    "events.service.gateway": ("الخط والجهات", "The line and the agencies"),
    "events.fields": ("البيانات", "Data"),
    "events.fields_told": (
        "يصل منها ما سمّته الاتفاقية. «may be absent» حقل قد لا يأتي مع الحدث.",
        "Those that the agreement names arrive. A field that may be absent does not come with every event.",
    ),
    "events.sample": ("مثال", "Sample"),
    "events.envelope": ("الغلاف", "Envelope"),
    "dev.events": (
        "تريد أن تُبلَّغ بما يحدث بدل أن تسأل؟ الأحداث وطرق استقبالها",
        "To be told of what happens instead of asking: the events, and how they are consumed",
    ),
}
