"""Texts of what is wrong with a service definition beyond its form, fees and single states (contracts.definition,
rules.workflow). They reach a door inside `definition_invalid`, beside the place that they concern."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    # parts of a form
    "part_unknown": Problem(422, "لا يوجد جزء باسم {part}. الأجزاء المعرفة: {known}.",
                            "There is no part {part}. Known parts: {known}."),
    "part_field_unknown": Problem(422, "الجزء {part} ليس فيه الحقل {name} أو لم تختره. صحح الاسم أو أضفه إلى fields.",
                                  "The part {part} has no field {name}, or this use does not choose it. Correct the"
                                  " name or add it to `fields`."),
    "form_field_not_personal": Problem(422, "الحقل {name} يدل على شخص، فهو بيان شخصي. اكتب personal: true.",
                                       "{name} tells who somebody is, so it is personal. Set personal: true."),
    # where things come from
    "source_missing": Problem(422, "مصدر {section} غير مذكور. اكتبه هنا أو في sources: law أو public أو unverified.",
                              "Nothing says where {section} comes from. Write it here or in `sources`: law, public or"
                              " unverified."),
    "silence_unsourced": Problem(422, "أثر السكوت ({silence}) بلا سند. اكتب source: law أو public، أو silence: none.",
                                 "What silence means ({silence}) has no source. Give law or public, or set silence:"
                                 " none."),
    # examples
    "examples_missing": Problem(422, "للخدمة رسوم وليس لها مثال. أضف مقدم طلب نموذجياً واحداً على الأقل في examples.",
                                "The service has fees and no example. Add a sample applicant to `examples`."),
    # periods
    "stage_period_code_twice": Problem(422, "المدة {period} مكررة. غيّر كود إحداهما.",
                                       "The period {period} stands twice. Rename one."),
    "stage_period_state_unknown": Problem(422, "المدة تشير إلى {state} وليست حالة سارية في المسار. صحح states.",
                                          "The period names {state}, which is no state where a request waits. Correct"
                                          " `states`."),
    # external bodies
    "external_body_twice": Problem(422, "الجهة {body} مكررة. غيّر كود إحداهما.",
                                   "The body {body} stands twice. Rename one."),
    "external_body_unused": Problem(422, "الجهة {body} لا تُخاطَب في أي حالة. اربطها بحالة external أو احذفها.",
                                    "No state asks the body {body}. Give it to an `external` state or remove it."),
    "workflow_body_undefined": Problem(422, "الحالة {state} تخاطب جهة غير معرفة: {body}. عرّفها في external_bodies.",
                                       "The state {state} asks a body that is not defined: {body}. Define it in"
                                       " `external_bodies`."),
    # states of the newer kinds
    "workflow_key_out_of_place": Problem(422, "لا مكان لـ {key} في الحالة {state}. احذفه أو غيّر نوعها.",
                                         "`{key}` has no place in the state {state}. Remove it or change the kind."),
    "workflow_escalation_without_target": Problem(
        422, "في الحالة {state} تصعيد بلا مدة مستهدفة يُحسب منها. أضف target.",
        "The state {state} escalates without a target to count from. Add `target`."),
    "workflow_branches_missing": Problem(422, "الحالة المتوازية {state} تحتاج فرعين فأكثر. أضف فرعاً أو اجعلها task.",
                                         "The parallel state {state} needs at least two branches. Add one or make it a"
                                         " task."),
    "workflow_branch_twice": Problem(422, "الفرع {branch} مكرر في الحالة {state}. غيّر كود أحدهما.",
                                     "The branch {branch} stands twice in the state {state}. Rename one."),
    "workflow_branch_never_favourable": Problem(
        422, "الفرع {branch} في الحالة {state} ليس له إجراء بالموافقة. أضف إجراءً verdict: favourable.",
        "The branch {branch} of the state {state} can never agree. Add an action with verdict: favourable."),
    "workflow_branch_action_unsound": Problem(
        422, "الإجراء {action} في الحالة {state} يحتاج verdict أو to، لا كليهما.",
        "The action {action} of the state {state} needs either `verdict` or `to`, not both."),
    "workflow_join_missing": Problem(422, "الحالة المتوازية {state} لا تقول إلى أين بعد {verdict}. أكمل join.",
                                     "The parallel state {state} does not say where {verdict} leads. Complete `join`."),
    "workflow_join_unused": Problem(422, "لا فرع في الحالة {state} يعترض، فلا مكان لـ {verdict} في join. احذفه.",
                                    "No branch of the state {state} can object, so {verdict} has no place in `join`."
                                    " Remove it."),
    "workflow_parallel_leads_to_itself": Problem(422, "الحالة المتوازية {state} تقود إلى نفسها. غيّر الوجهة.",
                                                 "The parallel state {state} leads to itself. Change where it leads."),
    "branch_unknown": Problem(422, "لا يوجد فرع {branch} في هذه المرحلة. حدّث الصفحة.",
                              "There is no branch {branch} at this stage. Reload the page."),
    "branch_done": Problem(409, "أبدت هذه الإدارة رأيها من قبل.", "This branch has given its verdict already."),
    # after the output
    "renewal_without_end": Problem(422, "المخرج {output} بلا نهاية فلا يُجدَّد. اكتب validity_months أو احذف renewal.",
                                   "The output {output} never ends, so nothing renews it. Set `validity_months` or"
                                   " remove `renewal`."),
    "renewal_fee_unknown": Problem(422, "خدمة التجديد {service} ليس فيها رسم باسم {fee}. صحح late_fee.",
                                   "The renewing service {service} has no fee {fee}. Correct `late_fee`."),
    "renewal_late_fee_without_days": Problem(422, "رسم التأخير {fee} بلا مهلة تأخير. اكتب late_days أو احذفه.",
                                             "The late fee {fee} has no days in which one is late. Set `late_days` or"
                                             " remove it."),
    "renewal_service_unknown": Problem(422, "خدمة التجديد {service} ليست في الدليل. أضفها أو صحح service.",
                                       "The renewing service {service} is not in the guide. Add it or correct"
                                       " `service`."),
    "follow_up_code_twice": Problem(422, "المتابعة {follow_up} مكررة. غيّر كود إحداهما.",
                                    "The follow-up {follow_up} stands twice. Rename one."),
    "follow_up_role_undefined": Problem(422, "المتابعة مسندة إلى دور لا يؤدي مهام: {role}. اختر دوراً معرفاً.",
                                        "The follow-up is given to a role that does no tasks: {role}. Choose one that"
                                        " does."),
    "follow_up_department_undefined": Problem(422, "المتابعة مسندة إلى إدارة غير معرفة: {department}.",
                                              "The follow-up is given to no known department: {department}."),
    "follow_up_of_nothing": Problem(422, "المتابعة {follow_up} لخدمة لا يصدر عنها مخرج. احذفها أو عرّف المخرج.",
                                    "The follow-up {follow_up} is of a service that issues nothing. Remove it or define"
                                    " the output."),
    # what a governorate may set
    "overridable_unknown": Problem(422, "المسار {path} لا يقود إلى قيمة واحدة في التعريف. صححه.",
                                   "The path {path} leads to no single value of the definition. Correct it."),
    "overridable_twice": Problem(422, "المسار {path} مكرر في overridable. اكتبه مرة واحدة.",
                                 "The path {path} stands twice in `overridable`. Write it once."),
    "overridable_identity": Problem(422, "{path} مما يُعرف به الشيء أو يُحكم به عليه، فلا تغيره محافظة. احذفه.",
                                    "By {path} a thing is known or judged, so no governorate may set it. Remove it."),
    "overridable_bounds_unsound": Problem(422, "حدا {path} غير سليمين، أو القيمة الحالية خارجهما. صحح min وmax.",
                                          "The bounds of {path} are not sound, or the value that stands is outside"
                                          " them. Correct min and max."),
    "supersedes_answer_unfit": Problem(422, "{name} ليس سؤالاً من نوع {type} غير شخصي في النموذج. صحح supersedes.",
                                       "{name} is no question of the form that is {type} and not personal. Correct "
                                       "`supersedes`."),
    "template_twice": Problem(422, "القالب {template} مكرر. اكتبه مرة واحدة.",
                              "The template {template} stands twice. Write it once."),
    "template_unknown": Problem(422, "لا يوجد قالب باسم {template} في templates.",
                                "There is no template {template} in `templates`."),
    "template_unused": Problem(422, "القالب {template} لا يستعمله مخرج ولا خطاب. احذفه أو سمّه في موضعه.",
                               "No output and no letter uses the template {template}. Remove it or name it there."),
    "template_placeholder_unknown": Problem(422, "لا يعرف القالب {name}. استعمل سؤالاً غير شخصي أو بياناً معروفاً.",
                                            "The template cannot fill in {name}. Use an answer that is not personal, "
                                            "or a known fact."),
    # files that people write
    "file_unreadable": Problem(422, "تعذرت قراءة الملف: {reason}", "The file cannot be read: {reason}"),
    "file_named_otherwise": Problem(422, "اسم الملف {file} غير كود الخدمة {code}. وحّدهما.",
                                    "The file is called {file} and the service {code}. Call them the same."),
    "base_unknown": Problem(422, "لا يوجد أساس باسم {base}. صحح extends.",
                            "There is no base {base}. Correct `extends`."),
    "base_circular": Problem(422, "الملف يمتد من نفسه عبر {base}. صحح extends.",
                             "The file extends itself by way of {base}. Correct `extends`."),
    "merge_key_unknown": Problem(422, "لا يوجد {key} في هذه القائمة ليُحذف أو يُوضع قبله غيره. صحح الاسم.",
                                 "This list has no {key} to remove or to stand before. Correct the name."),
}
