"""The reasons that a library or a rule gives in English, in Arabic: what marshmallow says of a value, and what
`rules.conditions.check` says of a condition. They reach people as `{reason}` inside the text of a fault."""

from __future__ import annotations

import re

_TABLE: tuple[tuple[str, str], ...] = (
    # what marshmallow says of any value
    (r"Missing data for required field\.", "بيان مطلوب وغير موجود."),
    (r"Unknown field\.", "بيان غير معروف."),
    (r"Field may not be null\.", "لا يجوز أن تكون القيمة فارغة."),
    (r"Not a valid string\.", "ليست نصاً."),
    (r"Not a valid boolean\.", "ليست true أو false."),
    (r"Not a valid list\.", "ليست قائمة."),
    (r"Not a valid mapping type\.", "ليست مجموعة بيانات بمفاتيح."),
    (r"Not a valid (?:integer|number)\.", "ليست رقماً صحيحاً."),
    (r"Not a valid UUID\.", "ليس معرّفاً صحيحاً."),
    (r"Not a valid (?:date|datetime|time)\.", "ليس تاريخاً صحيحاً."),
    (r"Invalid input type\.", "يجب أن يكون كائن JSON، أي مجموعة بيانات بمفاتيح."),
    (r"Must be one of: (.+)\.", "يجب أن تكون إحدى القيم: {0}."),
    (r"Must be greater than or equal to (\S+) and less than or equal to (\S+)\.", "يجب أن تكون القيمة من {0} إلى {1}."),
    (r"Must be greater than or equal to (\S+)\.", "يجب ألا تقل القيمة عن {0}."),
    (r"Must be less than or equal to (\S+)\.", "يجب ألا تزيد القيمة على {0}."),
    (r"Longer than maximum length (\d+)\.", "أطول من المسموح: {0} على الأكثر."),
    (r"Shorter than minimum length (\d+)\.", "أقصر من المطلوب: {0} على الأقل."),
    (r"Length must be between (\d+) and (\d+)\.", "يجب أن يكون الطول من {0} إلى {1}."),
    (r"String does not match expected pattern\.", "ليست على الصورة المطلوبة."),
    # what the schema of a definition says
    (r"Has no place here\.", "لا مكان له هنا."),
    (r"Must be a condition such as (\{.+\})\.", "اكتب شرطاً مثل {0}."),
    (r"Must be small Latin letters, digits, - and _\.", "حروف لاتينية صغيرة وأرقام و- و_ فقط."),
    (r"Must be small Latin letters, digits and ([-_])\.", "حروف لاتينية صغيرة وأرقام و{0} فقط."),
    (r"Must be a number, with a fraction as text such as '2\.5'\.", "اكتب عدداً، والكسر كنص مثل '2.5'."),
    (r"Must be a number, a decimal text or a date\.", "اكتب عدداً، أو كسراً عشرياً كنص، أو تاريخاً."),
    (r"Must be an accounting code\.", "اكتب كوداً محاسبياً: حروف لاتينية وأرقام و. و- و_."),
    (r"Must be a path such as (\S+)\.", "اكتب مساراً مثل {0}."),
    (r"Must not be negative\.", "لا تكون سالبة."),
    (r"Must be the name of one answer\.", "اكتب اسم حقل واحد."),
    (r"Must be the name of an answer, or for per_unit a list of names\.", "اكتب اسم حقل، أو قائمة أسماء في per_unit."),
    (r"Give a reason in ar and in en, at most (\d+) characters each\.",
     "اكتب السبب في ar وفي en، كل منهما حتى {0} حرف."),
    (r"The text has control characters, or ones that turn the direction of text\.",
     "نص فيه رموز تحكم أو رموز تقلب اتجاه ما بعدها. احذفها."),
    # what is wrong with a condition
    (r"a condition is a non-empty mapping", "الشرط مجموعة بيانات بمفاتيح وليست فارغة."),
    (r"`(all|any)` stands alone and lists at least one condition", "`{0}` تقف وحدها وفيها شرط واحد على الأقل."),
    (r"`not` stands alone", "`not` تقف وحدها."),
    (r"condition reads an unknown answer: (.+)", "الشرط يقرأ حقلاً غير موجود: {0}."),
    (r"condition on (\S+) needs exactly one of (.+)", "الشرط على {0} يحتاج واحدة فقط من: {1}."),
    (r"`present` on (\S+) is true or false", "`present` على {0} تكون true أو false."),
    (r"`in` on (\S+) is a list with at least one value", "`in` على {0} قائمة فيها قيمة واحدة على الأقل."),
    (r"(\S+) has no order: .+", "{0} لا ترتيب لقيمه: `at_least` و`at_most` لعدد أو تاريخ."),
    (r"(.+) is not a value of (\S+) \((\S+)\)", "{0} ليست من قيم {1} ({2})."),
)
_PATTERNS = tuple((re.compile(english, re.DOTALL), arabic) for english, arabic in _TABLE)


def arabic(reason: str) -> str | None:
    """The reason in Arabic; None where it is none of those that are known."""
    for pattern, text in _PATTERNS:
        if found := pattern.fullmatch(reason):
            return text.format(*found.groups())
    return None
