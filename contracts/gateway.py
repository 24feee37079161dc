"""What the gateway's doors answer beyond the services' own codes."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "length_required": Problem(411, "أرسل طول الملف في Content-Length.", "Tell the file's length in Content-Length."),
    "document_cut_off": Problem(400, "انقطع إرسال الملف قبل اكتماله ({size} بايت). أعد إرساله.",
                                "The file broke off before its {size} bytes were there. Send it again."),
    "window_service_unknown": Problem(422, "لا توجد خدمة بهذا الاسم أو الكود تُقدَّم في هذا الشباك.",
                                      "This window offers no service of this name or code."),
    "window_service_open": Problem(422, "أكثر من خدمة بهذه الحروف. اختر واحدة من القائمة.",
                                   "Several services have these letters. Choose one from the list."),
    "window_scan_open": Problem(422, "حدد أي مستند هذا الملف، أو احذفه.",
                                "Say which document this file is, or remove it."),
    "window_lodged_before": Problem(
        422, "سُجّل هذا الطلب من قبل ببيانات أخرى. ابحث عنه في طلبات المواطن، وصحّحه هناك إن لزم.",
        "This application was lodged before with other content. Find it among the citizen's requests."),
    "media_type_unsupported": Problem(415, "نوع المحتوى غير مدعوم. أرسل: {accepted}",
                                      "This content type is not supported. Send: {accepted}"),
    "form_expired": Problem(403, "انتهت صلاحية هذه الصفحة. أعد فتحها ثم أرسل النموذج مرة أخرى.",
                            "This page is out of date. Open it again and send the form once more."),
    "login_failed": Problem(401, "اسم المستخدم أو كلمة المرور غير صحيحة.",
                            "The user name or the password is not right."),
    "username_invalid": Problem(422, "اسم المستخدم من 3 إلى 64 حرفاً.", "A user name has 3 to 64 characters."),
    "username_taken": Problem(409, "اسم المستخدم مستعمل.", "This user name is taken."),
    "password_short": Problem(422, "كلمة المرور {least} أحرف على الأقل.",
                              "A password has at least {least} characters."),
    "role_unknown": Problem(422, "دور غير معروف: {role}", "This role is not known: {role}"),
    "account_unknown": Problem(404, "لا يوجد حساب بهذا الاسم.", "There is no account with this name."),
    "document_empty": Problem(422, "الملف فارغ أو لم يُرفع.", "The file is empty or was not uploaded."),
    "content_not_base64": Problem(422, "محتوى الملف ليس base64 صحيحاً.",
                                  "The content of the file is not valid base64."),
    "amount_malformed": Problem(422, "اكتب مبلغاً بالجنيه، مثل 250 أو 250.50.",
                                "Give an amount in pounds, such as 250 or 250.50."),
    "channel_unknown": Problem(422, "لا يستقبل الموظفون طلبات من هذه القناة: {channel}",
                               "Staff take no requests through this channel: {channel}"),
    "department_unknown": Problem(422, "لا توجد إدارة بهذا الكود: {department}",
                                  "There is no department with the code {department}."),
    "cursor_invalid": Problem(422, "قيمة after ليست من نتيجة سابقة. أعد البحث من أوله.",
                              "This `after` is not from an earlier answer. Search again from the beginning."),
    "card_one_of": Problem(422, "اكتب الرقم القومي أو رقم جواز السفر، واحداً منهما.",
                           "Give a national ID or a passport number, one of them."),
    "bound_before": Problem(409, "هذا الهاتف مربوط بهذا الرقم بالفعل.", "This phone is bound to this number already."),
    "person_has_phone": Problem(
        409, "صاحب البطاقة مربوط بهاتف آخر. إن طلب تغييره فاكتب السبب، وسيُبلَّغ الهاتف القديم.",
        "This person is bound to another phone. If it is to give way, say why; the old number will be told."),
    "phone_has_person": Problem(
        409, "هذا الهاتف مربوط بشخص آخر. إن صار لصاحب البطاقة التي أمامك فاكتب السبب.",
        "This phone is bound to another person. If it is this one's now, say why."),
    "reason_short": Problem(422, "اكتب السبب في {least} أحرف على الأقل.",
                            "Give the reason in at least {least} characters."),
    "citizen_session_over": Problem(
        401, "انتهت مدة دخولك، وما كتبته محفوظ. ادخل من جديد لتكمله من حسابك، أو تابع دون حساب.",
        "Your session has ended, and what you wrote is kept. Log in again to go on in your account, or go on without."),
    "text_too_short": Problem(422, "اكتب {least} أحرف على الأقل.", "Write at least {least} characters."),
    "nothing_added": Problem(422, "لم تضف شيئاً بعد. أضف ما طُلب منك ثم أرسل.",
                             "You have added nothing yet. Add what was asked for, then send."),
    "choose_one": Problem(422, "اختر واحداً مما يلي.", "Choose one of these."),
}
