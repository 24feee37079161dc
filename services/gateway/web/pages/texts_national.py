"""Texts of the national portal and of applications that came from it."""

from __future__ import annotations

NATIONAL: dict[str, tuple[str, str]] = {
    "national.name": ("البوابة القومية لخدمات المحليات", "The national portal of local services"),
    "national.title": ("قدّم طلبك في أي محافظة، وتابعه من هنا", "Apply in any governorate, and follow it from here"),
    "national.lead": (
        ("اختر المحافظة ثم الوحدة المحلية ثم الخدمة. تحصل على رقم المتابعة فوراً، ويصل طلبك إلى المحافظة "
         "نفسها."),
        ("Choose the governorate, then the local unit, then the service. You get your tracking number at "
         "once, and the application goes to the governorate itself."),
    ),
    "national.choose": ("المحافظات", "Governorates"),
    "national.nobody_yet": ("لم تنضم أي محافظة بعد.", "No governorate has joined yet."),
    "national.not_yet": ("لم تنضم بعد، والتقديم فيها من بوابتها أو شبابيكها: {names}.",
                         "Not joined yet; apply at their own portals or windows: {names}."),
    "national.no_numbers": ("لا تستقبل الآن", "not now"),
    "national.line_up": ("الخط متصل", "Line up"),
    "national.line_down": ("الخط مقطوع", "Line cut"),
    "national.as_of": ("كما هي في {moment}", "As of {moment}"),
    "national.follow_why": (
        "برقم المتابعة وآخر أربعة أرقام من هاتفك، أياً كانت المحافظة.",
        "With its tracking number and your phone's last four digits, whichever governorate it is in.",
    ),
    "national.units": ("اختر الوحدة المحلية", "Choose the local unit"),
    "national.units_lead": (
        "الوحدة التي يقع فيها المحل أو العقار أو السكن الذي تطلب له الخدمة.",
        "The unit where the shop, building or home lies for which you ask.",
    ),
    "national.no_units": ("لا توجد وحدات مفتوحة في هذه المحافظة بعد.", "No unit of this governorate is open yet."),
    "national.no_services": ("لا خدمات عبر البوابة", "nothing through the portal"),
    "national.services_of": ("خدمات {unit}", "Services of {unit}"),
    "national.found": ("عدد الخدمات: {count}", "Services found: {count}"),
    "national.none": (
        "لا توجد خدمة بهذه الكلمات هنا. جرّب كلمات أخرى.",
        "No service here has these words. Try others.",
    ),
    "national.only_here": (
        "تظهر هنا الخدمات التي تُقدَّم عبر البوابة. باقي الخدمات من شباك المركز.",
        "Shown are services that are offered through the portal. For others go to the window of the centre.",
    ),
    "national.closed": ("التقديم من هنا غير متاح الآن", "No applications from here now"),
    "national.cut": (
        ("الخط مع محافظة {governorate} مقطوع الآن. هذه آخر حالة وصلتنا، كما كانت في {moment}، وقد تكون "
         "تغيرت بعدها. العمل في المحافظة مستمر؛ إن كان الأمر عاجلاً فاسأل في شباكها أو في بوابتها."),
        ("The line to {governorate} is cut at the moment. This is the last we heard, as of {moment}; it may "
         "have changed since. Work in the governorate goes on; if it is urgent, ask at its window or its "
         "own portal."),
    ),
    "national.never_heard": (
        "لم يصلنا من محافظة {governorate} شيء بعد. طلبك محفوظ وسيصلها فور عودة الخط.",
        ("Nothing has come from {governorate} yet. Your application is safe and reaches it as soon as the "
         "line is back."),
    ),
    "national.portal.handed": (
        ("طلبك محفوظ ورقمه نهائي، وهو في طريقه إلى محافظة {governorate}. وقت تقديمك مسجَّل معه، فلا يضيع عليك "
         "شيء من المدة القانونية."),
        ("Your application is safe, its number is final, and it is on its way to {governorate}. The moment when "
         "you applied goes with it, so you lose nothing of the legal period."),
    ),
    "national.portal.waiting": (
        "وصل طلبك إلى محافظة {governorate} وتُستكمل مستنداته.",
        "Your application is at {governorate}; its documents are being put together.",
    ),
    "national.portal.ready": (
        "وصل طلبك إلى محافظة {governorate} ويجري قيده.",
        "Your application is at {governorate} and is being lodged.",
    ),
    "national.portal.lodged": (
        "قُيِّد طلبك في محافظة {governorate}. تظهر خطواته هنا بعد لحظات.",
        "Your application was lodged in {governorate}. Its steps show here in a moment.",
    ),
    "national.portal.review": (
        ("وصل طلبك إلى محافظة {governorate}، ويراجعه موظف قبل قيده لأن شيئاً تغيّر منذ تقديمه. قد يتصل بك "
         "المركز."),
        ("Your application is at {governorate}. Somebody looks at it before it is lodged, because something "
         "has changed since you applied. The centre may call you."),
    ),
    "national.portal.closed": (
        ("لم يُقيَّد الطلب كما هو، وعالجه موظف بمحافظة {governorate} بطريقة أخرى. اسأل في شباك المركز ومعك "
         "رقم المتابعة."),
        ("The application was not lodged as it was; somebody in {governorate} dealt with it otherwise. Ask "
         "at the window of the centre with your tracking number."),
    ),
    "national.kind.task": (
        "الطلب قيد العمل في محافظة {governorate}. لا شيء مطلوب منك الآن.",
        "The request is being worked on in {governorate}. There is nothing for you to do now.",
    ),
    "national.kind.parallel": (
        "الطلب عند عدة إدارات معاً في محافظة {governorate}. لا شيء مطلوب منك الآن.",
        ("The request is with several departments at once in {governorate}. There is nothing for you to do "
         "now."),
    ),
    "national.kind.external": (
        "الطلب في انتظار رأي جهة أخرى. لا شيء مطلوب منك الآن.",
        "The request waits for another body's opinion. There is nothing for you to do now.",
    ),
    "national.kind.payment": (
        "الطلب في انتظار سدادك. افتحه من بوابة محافظة {governorate} أو من شباكها لتسدد.",
        ("The request waits for your payment. Open it at the portal of {governorate}, or go to its window, "
         "to pay."),
    ),
    "national.kind.applicant": (
        "مطلوب منك استيفاء. افتح الطلب من بوابة محافظة {governorate} أو من شباكها لتعرف ما ينقص وترفعه.",
        ("Something is missing from you. Open the request at the portal of {governorate}, or go to its "
         "window, to see what it is and to bring it."),
    ),
    "national.kind.end": ("انتهى الطلب.", "The request has ended."),
    "national.outcome.approved": (
        "تمت الموافقة على طلبك. استلم ما صدر من بوابة محافظة {governorate} أو من شباكها.",
        "Your request was approved. Fetch what was issued at the portal of {governorate} or at its window.",
    ),
    "national.outcome.rejected": (
        "رُفض الطلب. السبب وحقك في التظلم في بوابة محافظة {governorate}.",
        "Your request was rejected. The reason, and how to appeal, are at the portal of {governorate}.",
    ),
    "national.outcome.withdrawn": ("سحبت الطلب.", "You withdrew the request."),
    "national.outcome.lapsed": ("حُفظ الطلب لانقضاء المهلة.", "The request lapsed when its time was over."),
    "national.governorate": ("المحافظة", "Governorate"),
    "national.changed": ("آخر تغيير", "Last change"),
    "national.received": ("استلمت البوابة القومية طلبك", "The national portal has your application"),
    "national.received_lead": (
        "احفظ رقم المتابعة: هو رقم محافظة {governorate} النهائي، ويصلح هنا وفي بوابتها.",
        "Keep the tracking number: it is the final number of {governorate}, good here and at its own portal.",
    ),
    "national.staff_title": ("المحافظات", "Governorates"),
    "national.staff_lead": (
        "آخر ما وصل من كل محافظة، وما بقي من أرقام المتابعة المخصصة للبوابة القومية.",
        ("The last that came from each governorate, and how many tracking numbers for the national portal "
         "are left."),
    ),
    "national.numbers_left": ("أرقام باقية", "Numbers left"),
    "national.line": ("الخط", "Line"),
    "national.heard": ("آخر ما وصل", "Last heard"),
    # applications of the national portal, before a person of the unit
    "portal_review.menu": ("من البوابة القومية للمراجعة", "From the portal, to look at"),
    "portal_review.title": ("طلبات البوابة القومية للمراجعة", "Applications of the national portal to look at"),
    "portal_review.lead": (
        ("طلبات قُدّمت من البوابة القومية ولم تُقيَّد كما هي. رقم المتابعة مع المواطن، ويُقيَّد الطلب من وقت "
         "تقديمه."),
        ("Applications that were made at the national portal and could not be lodged as they were. The citizen "
         "has the tracking number; they are lodged as of when they were made."),
    ),
    "portal_review.none": ("لا طلبات للمراجعة.", "Nothing to look at."),
    "portal_review.made": ("قُدّم {at}", "Made {at}"),
    "portal_review.arrived": ("وصل {at}", "Arrived {at}"),
    "portal_review.why": ("لماذا لم يُقيَّد", "Why it was not lodged"),
    "portal_review.body": ("ما أرسله المواطن", "What the citizen sent"),
    "portal_review.recorded": ("سُجِّل اطلاعك على هذا الطلب.", "That you looked at it is recorded."),
    "portal_review.retry": ("قيّد الطلب مرة أخرى", "Lodge it once more"),
    "portal_review.retry_help": (
        "برقمه نفسه ومن وقت تقديمه. إن أُغلقت الوحدة فاختر التي تتولى عملها.",
        ("Under its own number, from when it was made. If the unit is closed, choose the one that does its "
         "work."),
    ),
    "portal_review.unit": ("الوحدة", "Unit"),
    "portal_review.close": ("أغلق بعد المعالجة", "Close: it was dealt with"),
    "portal_review.close_help": (
        "بعد أن اتصلت بالمواطن أو عالجته بطريقة أخرى. اكتب ما تم.",
        "When you have called the citizen or dealt with it otherwise. Write what was done.",
    ),
    "portal_review.lodged": ("قُيِّد الطلب.", "It was lodged."),
    "portal_review.still": ("ما زال شيء يمنع قيده.", "Something still keeps it from being lodged."),
    "portal_review.waiting": (
        "أُعيد الطلب إلى القيد، وتظهر النتيجة بعد لحظات.",
        "It is being lodged; look again shortly.",
    ),
    "portal_review.closed": ("أُغلق.", "Closed."),
}
