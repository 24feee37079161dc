"""Texts of ordering a visit of the mobile district, and of following it."""

from __future__ import annotations

from rules import visits

VISITS: dict[str, tuple[str, str]] = {
    "visit.title": ("الحي المتنقل", "The mobile district"),
    "visit.lead": (
        "يأتي إليك موظف الحي المتنقل: يستلم طلباً جديداً، أو يستكمل مستندات، أو يجدد ترخيصاً ويسلّمه على الطبيعة.",
        "A clerk comes to you: takes a new application, completes documents, renews a licence and hands it over.",
    ),
    "visit.order": ("اطلب زيارة", "Order a visit"),
    "visit.for_request": ("اطلب زيارة الحي المتنقل لهذا الطلب", "Have the mobile district come for this request"),
    "visit.follow": ("متابعة زيارة", "Follow a visit"),
    "visit.follow_lead": (
        "برقم الزيارة وآخر أربعة أرقام من هاتفك.",
        "By the visit's number and your phone's last four digits.",
    ),
    "visit.number": ("رقم الزيارة", "Visit number"),
    "visit.number_help": ("مثل \u2066V-C-2026-000123-O\u2069", "Such as \u2066V-C-2026-000123-O\u2069"),
    "visit.show": ("اعرض الزيارة", "Show the visit"),
    "visit.step": ("خطوة {number} من {count}", "Step {number} of {count}"),
    "visit.step.purpose": ("لماذا تريد الزيارة؟", "What is the visit for?"),
    "visit.step.request": ("لأي طلب؟", "For which request?"),
    "visit.step.service": ("أي خدمة تريد؟", "Which service?"),
    "visit.step.place": ("إلى أين نأتي؟", "Where shall we come?"),
    "visit.step.day": ("أي يوم يناسبك؟", "Which day suits you?"),
    "visit.step.person": ("من نقابل؟", "Whom shall we meet?"),
    "visit.step.check": ("راجع طلب الزيارة", "Check the order"),
    "visit.purpose_help.renewal": ("لطلب تجديد قدمته", "For a renewal that you applied for"),
    "visit.purpose_help.intake": ("نملأ الطلب معك ونصوّر المستندات", "We fill it in with you and take in the papers"),
    "visit.purpose_help.documents": ("لطلب ينتظر منك استكمالاً", "For a request that waits for papers"),
    "visit.purpose_help.delivery": ("لرخصة صدرت", "For a licence that is issued"),
    "visit.purpose_help.inspection": ("لطلب قيد العمل", "For a request that is being worked on"),
    "visit.service": ("الخدمة", "Service"),
    "visit.service_help": ("الخدمات التي يقدمها الحي المتنقل", "Those that the mobile district offers"),
    "visit.unit": ("الحي أو المدينة", "District or city"),
    "visit.address": ("العنوان بالتفصيل", "Address in full"),
    "visit.address_help": (
        "رقم العقار والشارع والدور وعلامة مميزة",
        "Number, street, floor, and something to find it by",
    ),
    "visit.note": ("ملاحظة لمن يأتي", "A note for who comes"),
    "visit.day": ("اليوم", "Day"),
    "visit.any_day": ("أقرب يوم متاح", "The first day that is free"),
    "visit.day_help": (
        "هذه رغبتك. يصلك اليوم المحدد في رسالة قبل الزيارة.",
        "This is your wish. A message tells you the day before we come.",
    ),
    "visit.name": ("الاسم", "Name"),
    "visit.phone": ("رقم المحمول", "Mobile number"),
    "visit.phone_help": (
        "نتصل بك عليه، وآخر أربعة أرقام منه تفتح متابعة الزيارة",
        "We call you there, and its last four digits open the visit",
    ),
    "visit.email": ("البريد الإلكتروني", "E-mail"),
    "visit.send": ("اطلب الزيارة", "Order the visit"),
    "visit.received": ("وصل طلب الزيارة", "Your order has arrived"),
    "visit.keep": (
        "احتفظ برقم الزيارة. تصلك رسالة عند تحديد اليوم.",
        "Keep the visit's number. A message comes when the day is set.",
    ),
    "visit.wished": ("اليوم الذي طلبته", "The day you wished for"),
    "visit.on": ("يوم الزيارة", "Day of the visit"),
    "visit.not_planned": ("لم يُحدد اليوم بعد", "The day is not set yet"),
    "visit.ordered_at": ("طُلبت في", "Ordered on"),
    "visit.request": ("الطلب", "Request"),
    "visit.cancel": ("ألغِ الزيارة", "Cancel the visit"),
    "visit.cancel_help": ("لن يأتي أحد. يمكنك أن تطلب زيارة أخرى بعد ذلك.",
                          "Nobody will come. You can order another afterwards."),
    "visit.cancelled": ("أُلغيت الزيارة.", "The visit is cancelled."),
    "visit.no_service": (
        "لا خدمة في هذه المحافظة يقدمها الحي المتنقل الآن.",
        "No service of this governorate is offered by the mobile district now.",
    ),
    "visit.none_fits": (
        "لا زيارة تناسب هذا الطلب الآن: انتهى العمل عليه ولم تصدر عنه رخصة تُسلَّم.",
        "No visit fits this request now: it has ended, without a licence to hand over.",
    ),
    "visit.order_again": ("ابدأ طلب زيارة من جديد", "Start the order anew"),
    **{f"visit.purpose.{code}": (one.ar, one.en) for code, one in visits.PURPOSES.items()},
    **{f"visit.state.{code}": names for code, names in visits.NAMES.items()},
}
