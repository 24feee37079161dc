"""Texts of the codes that catalog refuses with."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "service_unknown": Problem(404, "لا توجد خدمة بهذا الكود: {code}", "There is no service with the code {code}."),
    "definition_invalid": Problem(422, "تعريف الخدمة غير صالح: {ar}", "The service definition is not valid: {en}"),
    "version_unknown": Problem(404, "لا توجد نسخة بهذا الرقم من الخدمة {code}: {version}. راجع قائمة النسخ.",
                               "The service {code} has no version {version}. See the list of its versions."),
    # proposals
    "proposal_unknown": Problem(404, "لا يوجد مقترح بهذا الرقم. راجع قائمة المقترحات.",
                                "There is no such proposal. See the list of proposals."),
    "proposal_closed": Problem(409, "حالة المقترح {state} فلا يقبل هذا الإجراء. حدّث الصفحة وراجع حالته.",
                               "The proposal is {state} and does not take this. Reload and see where it stands."),
    "proposal_changed": Problem(
        409, "تغيّر المقترح بعد عرضه عليك: المعروض النسخة {shown} والقائمة {standing}. اقرأه من جديد ثم قرر.",
        "The proposal changed after it was shown to you: version {shown}, now {standing}. Read it again, then decide."),
    "proposal_outdated": Problem(
        409, "كُتب المقترح على النسخة {based_on} والقائم الآن النسخة {standing}. راجع الفرق وعدّله على أساس القائم.",
        "Written against version {based_on}; version {standing} stands now. See the difference and amend it with"
        " `based_on` of what stands."),
    "proposal_subject_missing": Problem(422, "لا يُعرف موضوع المقترح. اكتب كوداً صحيحاً في {name}.",
                                        "What the proposal is about is not known. Give a proper code in {name}."),
    "proposals_too_many": Problem(409, "لك {limit} مقترح مفتوح وهو الحد. قدّم بعضها أو اسحبه أولاً.",
                                  "You have {limit} open proposals, the most there may be. Submit or withdraw some."),
    "faults_more": Problem(422, "وعدد آخر من الأخطاء: {count}. صحح ما سبق أولاً.",
                           "And {count} more faults. Correct those above first."),
    "own_approval": Problem(403, "لا يعتمد المقترح من كتبه أو عدّله. يلزم مراجع آخر.",
                            "Whoever wrote or amended a proposal does not approve it. Another person must."),
    "approved_already_by_you": Problem(403, "اعتمدت هذا المقترح من قبل. الاعتماد التالي لشخص آخر.",
                                       "You approved this before. The next approval is another person's."),
    "remark_required": Problem(422, "اكتب سبب الإعادة حتى يعرف المحرر ما يصححه.",
                               "Say why it is returned, so that the editor knows what to correct."),
    "service_code_taken": Problem(409, "في الدليل خدمة بالكود {code}. اختر كوداً آخر أو عدّل تلك الخدمة.",
                                  "The guide has a service with the code {code}. Choose another, or change that one."),
    # the day from which something counts
    "effective_date_past": Problem(422, "تاريخ السريان {date} مضى. اختر {today} أو يوماً بعده.",
                                   "The effective date {date} is past. Choose {today} or a later day."),
    "effective_date_overlaps": Problem(
        422, "تسري النسخة {version} من {taken}. اختر يوماً بعده، فلكل نسخة أيامها وحدها.",
        "Version {version} takes effect on {taken}. Choose a later day: each version has days of its own."),
    "retirement_too_early": Problem(
        422, "تسري نسخة من الخدمة من {taken}. اجعل الإلغاء من {first} أو بعده.",
        "A version of the service takes effect on {taken}. Retire it from {first} or later."),
    "retired_already": Problem(409, "الخدمة {code} ملغاة من {date}. لا تُعاد إلا بمقترح معتمد.",
                               "The service {code} is retired from {date}. Only an approved proposal brings it back."),
    # what a governorate may
    "guide_kept_by_centre": Problem(409, "الدليل الوطني يصدره المركز. لهذه المحافظة أن تختار خدماتها وقيمها فقط.",
                                    "The national guide is published by the centre. This governorate only chooses its"
                                    " services and values."),
    "guide_differs": Problem(
        409, "النسخة {number} من «{code}» في المركز تختلف عما في هذه المحافظة. راجع دليل المركز قبل أي إجراء.",
        "Number {number} of {code} at the centre differs from what stands here. Compare with the centre's guide before "
        "anything else."),
    "adoption_at_centre": Problem(409, "المركز لا يقدم خدمات. يقرر ذلك كل محافظة.",
                                  "The centre offers no services. Each governorate decides that."),
    "adoption_service_unknown": Problem(422, "ليس في الدليل الوطني خدمة بالكود {code} يوم {date}. راجعهما.",
                                        "The national guide has no service {code} on {date}. Check code and date."),
    "nothing_changed": Problem(409, "لا فرق بين المقترح والقائم. عدّل ما تريد تغييره أو اسحبه.",
                               "The proposal changes nothing of what stands. Change something or withdraw it."),
}
