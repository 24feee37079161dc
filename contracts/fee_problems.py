"""Texts of what may be wrong with the fees of a definition before it is published (rules.fee_bounds), with a formula
(rules.expressions), and of what only fees that nobody checked can run into."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    # a formula that cannot be read
    "formula_empty": Problem(422, "معادلة الرسم فارغة. اكتبها.", "The fee formula is empty. Write it."),
    "formula_too_long": Problem(422, "معادلة الرسم أطول من {limit} حرف. قسّمها على أكثر من بند.",
                                "The fee formula has over {limit} characters. Divide it among several fee lines."),
    "formula_too_deep": Problem(422, "معادلة الرسم متداخلة أكثر من {limit} مستوى. قسّمها على أكثر من بند.",
                                "The fee formula nests or chains over {limit} levels. Divide it among several lines."),
    "formula_number_too_long": Problem(
        422, "عدد عند الموضع {position} من المعادلة أطول من 15 رقماً صحيحاً أو 6 أرقام عشرية. اختصره.",
        "The number at character {position} of the formula has over 15 digits or over 6 decimals. Shorten it."),
    "formula_syntax": Problem(
        422, "المعادلة غير مفهومة عند الموضع {position}: {found}. راجع الأقواس والفواصل والعلامات.",
        "The formula cannot be read at character {position}: {found}. Check brackets, commas and signs."),
    "formula_function_unknown": Problem(
        422, "لا توجد دالة باسم {name}. المتاح: if وmin وmax وceil وfloor وround وgiven.",
        "There is no function {name}. There are if, min, max, ceil, floor, round and given."),
    "formula_arguments": Problem(
        422, "الدالة {name} تأخذ من {fewest} إلى {most} من القيم، وgiven تأخذ اسم حقل وحده. صحح ما بين قوسيها.",
        "{name} takes {fewest} to {most} values, and `given` only the name of a field. Correct what stands in its"
        " brackets."),
    "formula_name_unknown": Problem(422, "المعادلة تستخدم {name} وليس في النموذج. أضفه أو صحح الاسم.",
                                    "The formula uses {name}, which the form does not ask. Add it or correct the"
                                    " name."),
    "formula_name_unusable": Problem(
        422, "الحقل {name} نوعه {type} ولا يدخل في المعادلات. استخدم عدداً أو اختياراً واحداً أو نعم/لا.",
        "{name} is a {type} and has no place in a formula. Use a number, a single choice or a yes/no."),
    "formula_needs_number": Problem(422, "هنا يلزم عدد: {part}. صحح هذا الجزء من المعادلة.",
                                    "A number is needed here: {part}. Correct this part of the formula."),
    "formula_needs_condition": Problem(422, "هنا يلزم شرط (نعم أو لا): {part}. صحح هذا الجزء من المعادلة.",
                                       "A condition is needed here: {part}. Correct this part of the formula."),
    "formula_not_comparable": Problem(
        422, "لا تجوز هذه المقارنة: {part}. الكلمة تقارن بحقل اختيار واحد، والعدد بعدد.",
        "This cannot be compared: {part}. A word is compared with a single choice, a number with a number."),
    "formula_option_unknown": Problem(422, "ليس من خيارات الحقل {name}: {value}. صحح الكلمة أو أضف الخيار.",
                                      "{name} has no option {value}. Correct the word or add the option."),
    "formula_divides_by_zero": Problem(422, "المعادلة تقسم على صفر. راجع القيم المدخلة.",
                                       "The formula divides by zero. Check the values entered."),
    # what cannot be proved of a fee
    "fee_divides_by_zero": Problem(
        422, "البند {line} قد يقسم على صفر: {part}. اجعل أقل قيمة للحقل فوق الصفر، أو اسأل أولاً بدالة if.",
        "The fee {line} may divide by zero: {part}. Give the field a min above zero, or ask first with `if`."),
    "fee_may_overflow": Problem(
        422, "البند {line} قد يبلغ {most} قرشاً والحد {limit}. قلل max للحقول أو ضع max_amount.",
        "The fee {line} may come to {most} piastres; the limit is {limit}. Lower the max of its fields or set"
        " `max_amount`."),
    "fee_may_be_negative": Problem(
        422, "البند {line} قد ينزل تحت الصفر (إلى {least}). استخدم max(…, 0) أو min_amount أو ارفع min للحقل.",
        "The fee {line} may fall below zero (to {least}). Use max(…, 0) or `min_amount`, or raise the min of its"
        " field."),
    "fee_input_unbounded": Problem(
        422, "البند {line} يُحسب من {name} وليست له حدود في النموذج. اكتب min وmax للحقل.",
        "The fee {line} is computed from {name}, which the form does not bound. Give that field `min` and `max`."),
    "fee_input_may_be_missing": Problem(
        422, "البند {line} يحتاج {name} وقد لا يُجاب عنه. اجعله مطلوباً، أو اشترطه في when، أو اسأل أولاً بدالة given.",
        "The fee {line} needs {name}, which may not have been answered. Make it required, put it in `when`, or ask"
        " first with `given`."),
    "fee_tiers_short": Problem(
        422, "شرائح البند {line} تنتهي قبل أقصى قيمة للحقل {name} ({max}). أضف شريحة أخيرة بلا حد.",
        "The tiers of {line} end before the greatest value of {name} ({max}). Add a last tier without an end."),
    "fee_per_too_many": Problem(422, "البند يضرب أكثر من {limit} حقول. استخدم معادلة أو قلل الحقول.",
                                "The fee multiplies over {limit} answers. Use a formula or fewer answers."),
    "fee_bounds_unsound": Problem(422, "أدنى البند {line} أكبر من أقصاه. صحح min_amount وmax_amount.",
                                  "The least of {line} is above its most. Correct `min_amount` and `max_amount`."),
    # fees that nobody checked
    "fee_divided_by_zero": Problem(422, "تعذر حساب البند {line} لأنه يقسم على صفر. راجع القيم أو اسأل المركز.",
                                   "The fee {line} cannot be computed: it divides by zero. Check the values or ask the"
                                   " centre."),
    "fee_negative": Problem(422, "ناتج البند {line} تحت الصفر. راجع القيم أو اسأل المركز.",
                            "The fee {line} comes to less than nothing. Check the values or ask the centre."),
}
