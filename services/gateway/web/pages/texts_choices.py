"""Texts of the pages on which a citizen chooses what messages come."""

from __future__ import annotations

CHOICES: dict[str, tuple[str, str]] = {
    "choices.title": ("الرسائل التي تصلك", "The messages you get"),
    "choices.lead": (
        "اختر ما يصلك على كل وسيلة ولغته. يسري اختيارك على كل طلباتك بهذا الرقم أو البريد.",
        "Choose what comes and in which language. It holds for all your requests with this number or address.",
    ),
    "choices.saved": ("حُفظ اختيارك.", "Your choice was saved."),
    "choices.sms": ("رسائل قصيرة إلى", "Text messages to"),
    "choices.email": ("بريد إلكتروني إلى", "E-mail to"),
    "choices.receive": ("هل تريد الرسائل؟", "Do you want messages?"),
    "choices.receive_true": ("نعم، أرسلوا لي خطوات طلبي", "Yes, tell me the steps of my request"),
    "choices.receive_false": ("لا، الإخطارات القانونية فقط", "No, legal notices only"),
    "choices.language": ("لغة الرسائل", "Language of messages"),
    "choices.language_request": ("لغة كل طلب", "The language of each request"),
    "choices.always": ("ما يصلك دائماً", "What always comes"),
    "choices.save": ("احفظ", "Save"),
    "choices.link": ("اختر الرسائل التي تصلك ولغتها", "Choose which messages come, and their language"),
    "choices.none": ("لا يوجد لهذا الطلب هاتف ولا بريد.", "This request has neither a phone nor an e-mail address."),
    "choices.window_title": ("رسائل المواطن", "A citizen's messages"),
    "choices.window_lead": (
        "بطلب من المواطن أمامك: أوقف رسائله أو أعدها أو غيّر لغتها. يُسجل كل بحث وتغيير باسمك.",
        "As the citizen before you asks: stop messages or change their language. Each look-up is recorded, with you.",
    ),
    "choices.phone": ("رقم المحمول", "Mobile number"),
    "choices.or_email": ("أو البريد الإلكتروني", "or e-mail address"),
    "choices.find": ("اعرض", "Show"),
    "choices.history": ("ما اختير من قبل", "What was chosen before"),
    "choices.stopped": ("أوقفت الرسائل", "Messages stopped"),
    "choices.started": ("تصل الرسائل", "Messages come"),
    "choices.door_page": ("صفحة الطلب", "the request's page"),
    "choices.door_link": ("رابط رسالة", "a message's link"),
    "choices.door_one_click": ("زر الإلغاء في البريد", "the mailbox's button"),
    "choices.door_reply": ("رد برسالة قصيرة", "a text sent back"),
    "choices.door_window": ("الشباك", "the window"),
}
