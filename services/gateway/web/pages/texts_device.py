"""Texts of what a browser keeps on its device, of the page without a line, and of the portal's own name."""

from __future__ import annotations

DEVICE: dict[str, tuple[str, str]] = {
    "portal.name": ("شُبّاك {governorate}", "Shubbak {governorate}"),
    "portal.of": ("محافظة {governorate}", "{governorate} Governorate"),
    "portal.description": (
        "خدمات محافظة {governorate}: اعرف المطلوب، وقدّم، وادفع، وتابع من هاتفك.",
        "Services of {governorate} Governorate: know what it takes, apply, pay and follow from your phone.",
    ),
    "device.kept": ("حالة الطلب محفوظة على هذا الجهاز لتراها بلا إنترنت.",
                    "Its state is kept on this device, so that you see it without a line."),
    "device.forget": ("انسَه على هذا الجهاز", "Forget it on this device"),
    "device.forgotten": ("نُسي على هذا الجهاز.", "Forgotten on this device."),
    "scan.start": ("امسح الرمز بالكاميرا", "Scan the code with the camera"),
    "scan.stop": ("أوقف الكاميرا", "Stop the camera"),
    "scan.picture": ("صورة الكاميرا", "The camera's picture"),
    "scan.looking": ("وجّه الكاميرا إلى الرمز المربع على الرخصة.", "Hold the camera over the licence's square code."),
    "scan.read": ("قُرئ الرمز. يجري التحقق…", "The code was read. Verifying…"),
    "scan.refused": (
        "لم يُسمح باستخدام الكاميرا. اسمح بها من إعدادات المتصفح، أو اختر صورة للرمز، أو اكتب رقم الرخصة.",
        "The camera was not allowed. Allow it in the browser's settings, choose a photo, or type the serial.",
    ),
    "scan.none": (
        "لا كاميرا متاحة على هذا الجهاز. اختر صورة للرمز أو اكتب رقم الرخصة.",
        "There is no camera on this device. Choose a photo of the code, or type the serial.",
    ),
    "scan.unread": (
        "لم يُقرأ رمز في هذه الصورة. صوّره من قرب وفي ضوء كافٍ، أو اكتب رقم الرخصة.",
        "No code was found in this picture. Take it closer and in good light, or type the serial.",
    ),
    "scan.photo": ("أو اختر صورة للرمز", "Or choose a photo of the code"),
    "scan.another": ("تحقق من رخصة أخرى", "Verify another"),
    "offline.title": ("لا يوجد اتصال بالإنترنت", "There is no line"),
    "offline.lead": (
        "تعذر الوصول إلى الخدمة الآن. تحت ما رأيته من حالة طلباتك آخر مرة؛ ربما تغيرت بعدها.",
        "The service cannot be reached now. Below is what you last saw of your requests; it may have changed since.",
    ),
    "offline.none": ("لا شيء محفوظ على هذا الجهاز.", "Nothing is kept on this device."),
    "offline.as_of": ("كما رأيتها في {moment}", "As you saw it, {moment}"),
    "offline.again": ("أعد المحاولة", "Try again"),
    "offline.forget_all": ("انسَ كل الطلبات على هذا الجهاز", "Forget all requests on this device"),
    "offline.back": ("عاد الاتصال.", "The line is back."),
}
