"""Texts of what a governorate may not make its own in a service of the national guide (rules.overrides)."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "override_not_allowed": Problem(
        422, "لا يجوز للمحافظة أن تغيّر {path}. احذفه؛ المسموح به مذكور في الدليل الوطني.",
        "A governorate may not change {path}. Leave it out; the national guide lists what may be set."),
    "override_unknown": Problem(422, "لا يوجد في الدليل الوطني: {path}. صحح المسار أو احذفه.",
                                "The national definition has no {path}. Correct the path or leave it out."),
    "override_not_subset": Problem(422, "اختر في {path} واحداً أو أكثر مما في الدليل الوطني وحده: {offered}.",
                                   "In {path} choose one or more of what the national guide has: {offered}."),
    "override_keywords_unsound": Problem(
        422, "الكلمات المضافة قائمة نصوص: {count} على الأكثر، وكل منها {length} حرف على الأكثر.",
        "Added keywords are a list of texts: at most {count}, each of at most {length} characters."),
    "override_value_unsound": Problem(422, "قيمة {path} ليست من نوع القيمة الوطنية. اكتب قيمة من النوع نفسه.",
                                      "The value of {path} is not of the national value's kind. Give one that is."),
    "override_out_of_bounds": Problem(422, "قيمة {path} خارج المسموح به: من {min} إلى {max}.",
                                      "The value of {path} is outside what is allowed: {min} to {max}."),
}
