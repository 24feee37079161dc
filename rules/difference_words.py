"""What the keys of a definition are called when people read of them."""

from __future__ import annotations


def _words(*rows: tuple[str, str, str]) -> dict[str, dict[str, str]]:
    return {key: {"ar": ar, "en": en} for key, ar, en in rows}


WORDS: dict[str, dict[str, str]] = _words(
    ("code", "الكود", "Code"), ("name", "الاسم", "Name"), ("summary", "الوصف", "Summary"),
    ("ar", "بالعربية", "in Arabic"), ("en", "بالإنجليزية", "in English"),
    ("keywords", "كلمات البحث", "Keywords"), ("sector", "القطاع", "Sector"),
    ("life_event", "حدث الحياة", "Life event"), ("legal_basis", "السند القانوني", "Legal basis"),
    ("eligibility", "من له حق التقدم", "Who may apply"), ("applicants", "مقدمو الطلب", "Applicants"),
    ("channels", "قنوات التقديم", "Channels"), ("unit_kinds", "الوحدات التي تقدمها", "Kinds of unit"),
    ("form", "نموذج الطلب", "Application form"), ("documents", "المستندات", "Documents"),
    ("fees", "الرسوم", "Fees"), ("examples", "أمثلة", "Examples"),
    ("period", "المدة القانونية", "Statutory period"), ("stage_periods", "مدد المراحل", "Periods of stages"),
    ("external_bodies", "الجهات الخارجية", "Outside bodies"), ("workflow", "مسار العمل", "Workflow"),
    ("states", "الحالات", "States"), ("inputs", "مدخلات الإجراءات", "Inputs"),
    ("initial", "حالة البداية", "First state"), ("outputs", "المخرجات", "Outputs"),
    ("follow_up", "المتابعة", "Follow-up"),
    ("supersedes", "الرخصة التي يحل محلها", "Licence it takes the place of"),
    ("answer", "السؤال", "Answer"), ("as", "بصفة", "As"), ("paper", "يقبل الرخص الورقية السابقة", "Former paper licences"),
    ("months_late", "شهور التأخير", "Months late"), ("templates", "قوالب المحررات", "Templates"),
    ("blocks", "فقرات القالب", "Blocks"), ("text", "النص", "Text"), ("letter", "قالب الخطاب", "Letter"),
    ("overridable", "ما يجوز للمحافظة تغييره", "What a governorate may change"),
    ("sources", "مصادر الأقسام", "Sources"), ("source", "المصدر", "Source"), ("note", "ملاحظة", "Note"),
    ("type", "النوع", "Type"), ("kind", "النوع", "Kind"), ("label", "العنوان", "Label"),
    ("help", "الشرح", "Help"), ("required", "مطلوب", "Required"), ("min", "الحد الأدنى", "Least"),
    ("max", "الحد الأقصى", "Greatest"), ("max_length", "أقصى طول", "Greatest length"),
    ("pattern", "الصيغة", "Pattern"), ("options", "الخيارات", "Options"),
    ("when", "شرط الانطباق", "Applies when"), ("personal", "بيان شخصي", "Personal"),
    ("part", "الجزء المشترك", "Reusable part"), ("presented", "أصل أم صورة", "Original or copy"),
    ("accepts", "أنواع الملفات", "Types of file"), ("max_bytes", "أقصى حجم", "Greatest size"),
    ("identity", "مستند هوية", "Shows identity"), ("stage", "المرحلة", "Stage"),
    ("account", "الحساب", "Account"), ("amount", "القيمة", "Amount"), ("per", "يُحسب عن", "Counted per"),
    ("tiers", "الشرائح", "Tiers"), ("percent", "النسبة", "Percent"), ("of", "من", "Of"),
    ("formula", "المعادلة", "Formula"), ("min_amount", "أدنى قيمة", "Least amount"),
    ("max_amount", "أقصى قيمة", "Greatest amount"), ("round_to", "التقريب إلى", "Rounded to"),
    ("rounding", "اتجاه التقريب", "Rounding"), ("exempt_when", "شرط الإعفاء", "Exempt when"),
    ("days", "الأيام", "Days"), ("silence", "أثر السكوت", "What silence means"),
    ("reasons", "الأسباب القانونية", "Legal reasons"), ("appeal", "التظلم", "Appeal"),
    ("shows", "ما يُكشف من بيانات مقدم الطلب", "Shown of the applicant"),
    ("extension", "مد المدة", "Extension"), ("times", "عدد المرات", "Times"),
    ("silence_to", "ما يؤدي إليه السكوت", "Where silence leads"), ("department", "الإدارة", "Department"),
    ("role", "الدور", "Role"), ("body", "الجهة", "Body"), ("purpose", "الغرض", "Purpose"),
    ("target", "المستهدف", "Target"), ("escalation", "التصعيد", "Escalation"), ("after", "بعد", "After"),
    ("clock", "العداد القانوني", "Clock"), ("next", "ما بعد السداد", "After payment"),
    ("expired", "عند انقضاء المهلة", "When time runs out"), ("actions", "الإجراءات", "Actions"),
    ("to", "إلى", "Leads to"), ("requires", "يتطلب", "Requires"), ("branches", "الجهات المتوازية", "Branches"),
    ("verdict", "الرأي", "Verdict"), ("join", "بعد اكتمال الآراء", "Join"),
    ("favourable", "عند الموافقة", "All favourable"), ("unfavourable", "عند الاعتراض", "Any unfavourable"),
    ("outcome", "النتيجة", "Outcome"), ("output", "المخرج", "Output"),
    ("validity_months", "الصلاحية بالشهور", "Valid, months"), ("fields", "الحقول", "Fields"),
    ("delivery", "طريقة التسليم", "Delivery"), ("renewal", "التجديد", "Renewal"),
    ("service", "الخدمة", "Service"),
    ("opens_days_before", "يُفتح قبل الانتهاء بأيام", "Opens, days before the end"),
    ("late_days", "مهلة التأخير بالأيام", "Late, days"), ("late_fee", "رسم التأخير", "Late fee"),
    ("template", "القالب", "Template"), ("after_days", "بعد أيام", "After, days"),
    ("every_months", "كل شهور", "Every, months"), ("answers", "الإجابات", "Answers"),
    # a proposal that offers a service in a governorate, and its answer
    ("offered", "مقدمة في المحافظة", "Offered"), ("overrides", "قيم المحافظة", "The governorate's values"))
