"""Texts of the field app, on a tablet and at a window whose line is down: coming in and going out."""

from __future__ import annotations

from rules import devices
from services.gateway.web.pages.texts_field_acts import ACTS

FIELD: dict[str, tuple[str, str]] = {
    "field.app": ("شُبّاك الميدان", "Shubbak in the field"),
    "field.app_short": ("شُبّاك الميدان", "Shubbak field"),
    "field.app_description": (
        "زيارات الحي المتنقل واستلام الطلبات، بشبكة وبدون شبكة.",
        "Visits of the mobile district and taking applications, with a network and without.",
    ),
    "field.noscript": (
        "هذا التطبيق لا يعمل إلا وJavaScript مفعّل في المتصفح.",
        "This app needs JavaScript switched on in the browser.",
    ),
    "field.unable.title": ("هذا المتصفح لا يصلح", "This browser will not do"),
    "field.unable.what": (
        ("التطبيق يحتاج اتصالاً آمناً (https) ومتصفحاً حديثاً يدعم مفاتيح Ed25519، مثل Chrome 137 فأحدث. حدّث "
        "المتصفح ثم افتح الصفحة من جديد."),
        ("The app needs a secure connection (https) and a browser that knows Ed25519 keys, such as Chrome 137 "
        "or newer. Update it, then open this page again."),
    ),
    "field.failed.title": ("توقف التطبيق", "The app stopped"),
    "field.failed.what": (
        "ما حفظته موجود على الجهاز ولم يضع. أعد فتح التطبيق، وإن تكرر فأبلغ الدعم بالنص التالي.",
        "What was kept is still on the device. Open the app again; if it happens again, tell support this text.",
    ),
    "field.failed.again": ("أعد فتح التطبيق", "Open it again"),
    "field.back": ("رجوع", "Back"),
    "field.next": ("التالي", "Next"),
    "field.change": ("تعديل", "Change"),
    "field.remove": ("احذف", "Remove"),
    "field.optional": ("(اختياري)", "(optional)"),
    "field.choose": ("اختر", "Choose"),
    "field.yes": ("نعم", "Yes"),
    "field.no": ("لا", "No"),
    "field.wrong": ("راجع ما يلي", "Look at these"),
    # the bar
    "field.line.up": ("متصل", "Line up"),
    "field.line.down": ("بدون شبكة", "No line"),
    "field.line.none": (
        "لا يوجد اتصال بالشبكة الآن. أعد المحاولة حين يعود؛ ما حفظته باقٍ على الجهاز.",
        "There is no line now. Try again when it is back; what was kept stays on the device.",
    ),
    "field.bar.waits": ("في انتظار الرفع: {count}", "Waiting to upload: {count}"),
    "field.lock": ("اقفل", "Lock"),
    "field.logout.button": ("خروج", "Log out"),
    "field.sync.now": ("ارفع الآن", "Sync now"),
    "field.sync.busy": ("جارٍ الرفع…", "Uploading…"),
    "field.sync.item": ("جارٍ رفع العنصر {number}…", "Uploading item {number}…"),
    "field.sync.done": ("رُفع كل شيء.", "Everything is uploaded."),
    "field.sync.left": ("لم يُرفع بعد: {count}. انظر السبب في القائمة.", "Not uploaded: {count}. The list says why."),
    "field.sync.line": (
        "لا توجد شبكة. بقي على الجهاز {count}، ويُرفع حين تعود.",
        "No line. {count} stay here and go up when it is back.",
    ),
    "field.sync.session": (
        "انتهت مدة دخولك. ادخل من جديد لتُرفع العناصر.",
        "Your session ended. Log in again to upload.",
    ),
    "field.sync.forbidden": (
        "هذا الحساب لا يعمل بهذا الجهاز، فلم يُرفع شيء. راجع مدير النظام.",
        "This account may not work with this device: nothing was uploaded. Ask the administrator.",
    ),
    # making the device known
    "field.setup.title": ("تعريف هذا الجهاز", "Make this device known"),
    "field.setup.lead": (
        "يُنشأ مفتاح الجهاز عليه الآن ولا يغادره. يسجله مدير النظام ويعتمده مرة واحدة.",
        "The device's key is made on it now and never leaves it. An administrator registers and certifies it once.",
    ),
    "field.setup.kind": ("نوع الجهاز", "Kind of device"),
    "field.kind.tablet": (
        "لوح الحي المتنقل: زيارات وتراخيص على الطبيعة",
        "Tablet of the mobile district: visits and licences on the spot",
    ),
    "field.kind.window": (
        "جهاز شباك: استلام طلبات عند انقطاع الخط",
        "Window of a centre: takes applications while its line is down",
    ),
    "field.setup.unit": ("الوحدة المحلية", "Local unit"),
    "field.setup.label": ("اسم الجهاز", "Name of the device"),
    "field.setup.label_help": ("كما هو مكتوب عليه، مثل: لوح 3", "As it is written on it, such as: Tablet 3"),
    "field.setup.label_wrong": ("اكتب اسم الجهاز.", "Write the device's name."),
    "field.setup.administrator": ("مدير النظام", "The administrator"),
    "field.setup.administrator_help": (
        "يكتب مدير النظام اسمه وكلمة مروره هنا مرة واحدة. لا يُحفظ منهما شيء على الجهاز.",
        "The administrator types name and password here once. Nothing of them is kept on the device.",
    ),
    "field.setup.days": ("مدة الاعتماد بالأيام", "Certified for how many days"),
    "field.setup.register": ("سجّل الجهاز واعتمده", "Register and certify"),
    "field.setup.elsewhere": ("مدير النظام ليس هنا؟", "Is the administrator elsewhere?"),
    "field.setup.elsewhere_help": (
        "اعرض نص التسجيل وأرسله إليه، فيسجل الجهاز ويعتمده من مكتبه.",
        "Show the text of registration and send it; the device is registered and certified from a desk.",
    ),
    "field.setup.show_text": ("اعرض نص التسجيل", "Show the text"),
    "field.wait.title": ("الجهاز ينتظر الاعتماد", "The device waits to be certified"),
    "field.wait.lead": (
        "لا يعمل الجهاز قبل أن يعتمده مدير النظام.", "The device does nothing before an administrator certified it.",
    ),
    "field.wait.state": ("حالته الآن", "How it stands"),
    "field.wait.text": ("نص التسجيل لمدير النظام", "Text of registration, for the administrator"),
    "field.wait.check": ("تحقق الآن", "Check now"),
    "field.device.now": (
        "حالة هذا الجهاز: {state}. ما ترفعه يراجعه موظف في المركز.",
        "This device is {state}. A person at the centre looks at what it uploads.",
    ),
    "field.device.unknown": ("غير مسجل بعد", "not registered yet"),
    **{f"field.device.{state}": names for state, names in devices.NAMES.items()},
    # logging in, PIN
    "field.login.title": ("دخول الموظف", "Log in"),
    "field.login.lead": (
        "ادخل مرة والشبكة متاحة، واختر رقماً سرياً تفتح به الجهاز بعد ذلك بدون شبكة.",
        "Log in once while there is a line, and choose a PIN that opens this device without one.",
    ),
    "field.login.forgotten": (
        "ادخل بكلمة مرورك والشبكة متاحة واختر رقماً سرياً جديداً. ما حفظته باقٍ.",
        "Log in with your password while there is a line, and choose a new PIN. What you kept is still here.",
    ),
    "field.login.username": ("اسم المستخدم", "User name"),
    "field.login.password": ("كلمة المرور", "Password"),
    "field.login.code": ("رمز التحقق بخطوتين", "Code of your second step"),
    "field.login.code_help": ("إن كان حسابك يطلبه", "If your account asks for one"),
    "field.login.button": ("دخول", "Log in"),
    "field.login.as": ("باسم:", "As:"),
    "field.login.again": ("ادخل من جديد لترفع", "Log in again to upload"),
    "field.login.again_lead": (
        "انتهت مدة دخولك. ما حفظته على الجهاز باقٍ ويُرفع بعد الدخول.",
        "Your session ended. What you kept stays on the device and goes up once you are logged in.",
    ),
    "field.login.again_button": ("ادخل وارفع", "Log in and upload"),
    "field.pin": ("الرقم السري", "PIN of this device"),
    "field.pin.new": ("رقم سري جديد", "New PIN"),
    "field.pin.again": ("الرقم السري مرة أخرى", "The PIN once more"),
    "field.pin.help": (
        "ستة أرقام أو حروف على الأقل. كلما طال كان أصعب على من يسرق الجهاز.",
        "Six digits or letters at least. The longer it is, the harder for a thief.",
    ),
    "field.pin.short": ("اكتب ستة أرقام أو حروف على الأقل.", "Write at least six digits or letters."),
    "field.pin.simple": ("هذا الرقم سهل التخمين. اختر غيره.", "This is too easy to guess. Choose another."),
    "field.pin.differs": ("الرقمان مختلفان. اكتبهما من جديد.", "The two differ. Write them again."),
    "field.pin.forgot": ("نسيت الرقم السري", "I forgot the PIN"),
    "field.pin.wrong": ("رقم سري خاطئ. بقي لك من المحاولات: {left}.", "Wrong PIN. Tries left: {left}."),
    "field.pin.spent": (
        "انتهت محاولات الرقم السري. لا يفتح الجهاز الآن إلا دخولك بكلمة المرور والشبكة متاحة. ما حفظته لم يضع.",
        "All tries of the PIN are used. Only logging in with your password opens it now, with a line. Nothing is lost.",
    ),
    "field.unlock.title": ("افتح الجهاز", "Unlock"),
    "field.unlock.button": ("افتح", "Unlock"),
    "field.unlock.other": ("لست أنت؟", "Is this not you?"),
    "field.unlock.other_help": (
        "لكل موظف بياناته على الجهاز ولا يفتحها غيره. يخرج زميلك أولاً بعد أن يرفع ما عنده، أو امسح بياناته من هنا.",
        "What a clerk keeps here nobody else opens. Your colleague uploads and logs out first; or wipe it here.",
    ),
    # logging out
    "field.logout.title": ("الخروج ومسح البيانات", "Log out and wipe"),
    "field.logout.what": (
        "تُمسح من الجهاز زيارات اليوم وما بدأته ولم تكمله. كل ما سُجّل وصل إلى المركز.",
        "The day's visits and what was begun are wiped from the device. Everything recorded has reached the centre.",
    ),
    "field.logout.wipe": ("اخرج وامسح", "Log out and wipe"),
    "field.logout.pending_title": ("لم يُرفع بعد: {count}", "Not uploaded yet: {count}"),
    "field.logout.pending": (
        "على هذا الجهاز عمل لم يصل إلى المركز. إن مسحته الآن ضاع: الطلب لا يُسجل، والنقدية لا يثبت سدادها.",
        ("There is work on this device that the centre does not have. Wiped now it is lost: no request is "
        "lodged, and money taken is not recorded as paid."),
    ),
    "field.logout.pending_do": ("ارجع وارفع أولاً.", "Go back and upload first."),
    "field.logout.all_the_same": ("أريد المسح رغم ذلك", "Wipe all the same"),
    "field.logout.sure": ("تأكيد أخير", "Asked once more"),
    "field.logout.sure_what": (
        "سيضيع نهائياً ما لم يُرفع، وعدده {count}.",
        "What was not uploaded, {count} in all, is lost for good.",
    ),
    "field.logout.lose": ("امسح وأضِع ما لم يُرفع ({count})", "Wipe and lose what was not uploaded ({count})"),
    "field.logout.done": (
        "خرجت ومُسحت بياناتك من الجهاز.",
        "You are logged out and your data is wiped from the device.",
    ),
    "field.wipe.wanted": (
        "طلب مدير النظام تفريغ هذا الجهاز. ارفع ما عليه الآن، ثم يُمسح من نفسه.",
        "The administrator wants this device emptied. Upload now what is on it; then it empties itself.",
    ),
    "field.emptied.title": ("فُرّغ الجهاز", "The device was emptied"),
    "field.emptied.what": (
        "أمر مدير النظام بمسح ما على هذا الجهاز، ومُسح مفتاحه أيضاً.",
        "The administrator had everything on this device wiped, its key with it.",
    ),
    "field.emptied.lost": (
        "عناصر لم تكن قد رُفعت، أُبلغ بها المركز: {numbers}",
        "Items that were not uploaded; the centre was told: {numbers}",
    ),
    "field.emptied.anew": ("عرّف الجهاز من جديد", "Make it known anew"),
    **ACTS,
}
