"""Texts of the staff's workspace."""

from __future__ import annotations

STAFF: dict[str, tuple[str, str]] = {
    "staff.login": ("دخول الموظفين", "Staff log-in"),
    "staff.username": ("اسم المستخدم", "User name"),
    "staff.password": ("كلمة المرور", "Password"),
    "staff.login_button": ("دخول", "Log in"),
    "staff.logout": ("خروج", "Log out"),
    "staff.window": ("شباك {number}", "window {number}"),
    "tasks.title": ("مهامي", "My tasks"),
    "tasks.next": ("الملف التالي", "Next file"),
    "tasks.next_help": (
        "يوزع النظام الملفات بالدور ولا يختار أحد ملفاً بعينه.",
        "The system hands out files in turn; nobody chooses one.",
    ),
    "tasks.none_left": ("لا توجد ملفات تنتظر إدارتك الآن.", "No file waits for your department now."),
    "tasks.empty": ("لا مهام لديك الآن.", "You hold no task now."),
    "tasks.not_yours": ("ليست لدورك مهام فحص.", "Your role has no files to work on."),
    "tasks.take_request": ("استلام طلب مواطن", "Take a citizen's request"),
    "task.due": ("أنجزها قبل", "do it by"),
    "task.identity": ("يكشف هوية مقدم الطلب، ويُسجل فتحه", "shows who the applicant is; opening it is recorded"),
    "task.steps": ("ما تم من قبل", "What was done before"),
    "task.act": ("الإجراء", "Act"),
    "task.reason": ("السبب القانوني", "Legal reason"),
    "task.reason_help": (
        "مطلوب عند الرفض أو طلب الاستيفاء، ويراه مقدم الطلب.",
        "Required when you reject or send back; the applicant reads it.",
    ),
    "cashier.title": ("التحصيل", "Collect"),
    "cashier.number": ("رقم المطالبة أو رقم المتابعة", "Bill number or tracking number"),
    "cashier.none": ("لا توجد مطالبة بهذا الرقم في وحدتك.", "No bill of your unit has this number."),
    "cashier.tendered": ("المبلغ المستلم بالجنيه", "Amount received in pounds"),
    "cashier.tendered_help": ("مثل 250 أو 250.50", "Such as 250 or 250.50"),
    "cashier.take": ("حصّل واطبع الإيصال", "Take cash and print the receipt"),
}
