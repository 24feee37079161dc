"""What the gateway's doors answer of log-in, accounts, keys of partners and how much one may ask."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "second_factor_required": Problem(
        401, "اكتب أيضاً الرمز من تطبيق المصادقة على هاتفك، أو رمزاً من الرموز الاحتياطية.",
        "Give the code of your authenticator app too, or one of your recovery codes."),
    "second_factor_wrong": Problem(
        422, "الرمز غير صحيح أو سبق استعماله. انتظر الرمز التالي في التطبيق ثم اكتبه.",
        "The code is wrong or was used before. Wait for the next one in the app and type it."),
    "second_factor_missing": Problem(409, "لم يُفعَّل تطبيق مصادقة لهذا الحساب.",
                                     "This account has no authenticator app."),
    "authenticator_required": Problem(
        403, "دورك لا يدخل إلا بتطبيق مصادقة. فعِّله أولاً من صفحة «حسابي».",
        "Your role logs in with an authenticator app. Set it up first on the page “My account”."),
    "password_to_change": Problem(403, "كلمة المرور مؤقتة. غيّرها أولاً من صفحة «حسابي».",
                                  "This password is temporary. Change it first on the page “My account”."),
    "password_wrong": Problem(422, "كلمة المرور الحالية غير صحيحة.", "The present password is not right."),
    "password_differs": Problem(422, "كلمتا المرور غير متطابقتين.", "The two passwords differ."),
    "password_same": Problem(422, "اختر كلمة مرور غير الحالية.", "Choose a password that differs from the old one."),
    "enrolment_over": Problem(422, "انتهت مهلة التفعيل. ابدأ من جديد.", "The time to set it up is over. Begin again."),
    "own_account": Problem(409, "هذا حسابك أنت. يغيّره مدير نظام آخر.",
                           "This is your own account. Another administrator changes it."),
    "last_administrator": Problem(409, "هذا آخر مدير نظام مسموح له بالدخول. عيّن غيره أولاً.",
                                  "This is the last administrator who is let in. Appoint another one first."),
    "role_missing": Problem(422, "اختر دوراً واحداً على الأقل.", "Choose at least one role."),
    "display_name_invalid": Problem(422, "اكتب الاسم في حرفين إلى 200 حرف.", "Give a name of 2 to 200 characters."),
    "external_id_taken": Problem(409, "هوية الدخول الموحد هذه مرتبطة بحساب آخر.",
                                 "This identity at the provider belongs to another account."),
    "oidc_off": Problem(404, "الدخول الموحد غير مفعّل في هذه المنصة.", "Single sign-on is not set up here."),
    "oidc_failed": Problem(401, "تعذر الدخول الموحد. ابدأ من جديد من صفحة الدخول.",
                           "Single sign-on did not succeed. Begin again on the log-in page."),
    "oidc_no_account": Problem(
        403, "تعرّفت جهة الدخول الموحد عليك، لكن لا يوجد لك حساب هنا. اطلب من مدير النظام تجهيزه.",
        "The provider knows you, but no account was prepared for you here. Ask an administrator for one."),
    "partner_name_invalid": Problem(422, "اكتب اسم الجهة الشريكة في 3 إلى 120 حرفاً.",
                                    "Give the partner's name in 3 to 120 characters."),
    "scope_unknown": Problem(422, "صلاحيات لا تُعطى لمفتاح: {scope}. المتاح: {known}",
                             "No scopes of a key: {scope}. There are: {known}"),
    "key_days": Problem(422, "مدة المفتاح من يوم إلى {most} يوماً.", "A key lasts 1 to {most} days."),
    "key_rate": Problem(422, "عدد الطلبات في الدقيقة من 1 إلى {most}.", "Requests a minute are 1 to {most}."),
    "key_unknown": Problem(404, "لا يوجد مفتاح بهذا الرقم.", "There is no such key."),
    "weight_malformed": Problem(422, "الوزن رقم صحيح من 0 إلى {most}.", "A weight is a whole number from 0 to {most}."),
    "device_text_unreadable": Problem(
        422, "هذا ليس النص المعروض على الجهاز. انسخه كاملاً كما يظهر على شاشته، بأقواسه.",
        "This is not the text that the device shows. Copy all of it as its screen shows it, with its braces."),
    "slow_down": Problem(429, "طلبات كثيرة في وقت قصير. انتظر {seconds} ثانية ثم أعد المحاولة.",
                         "Too many requests in a short time. Wait {seconds} seconds and try again."),
}
