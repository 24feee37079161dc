"""Texts of the workspace's menu and of the page of components."""

from __future__ import annotations

MENU: dict[str, tuple[str, str]] = {
    "menu.title": ("قائمة العمل", "Work menu"),
    "menu.work": ("الملفات", "Files"),
    "menu.window": ("الشباك", "Window"),
    "menu.money": ("التحصيل والحسابات", "Money"),
    "menu.oversight": ("المتابعة والإشراف", "Oversight"),
    "menu.guide": ("دليل الخدمات", "The guide"),
    "menu.messages": ("الرسائل", "Messages"),
    "menu.machinery": ("إدارة النظام", "Administration"),
    "components.title": ("مكونات الصفحات", "Components of pages"),
    "components.lead": (
        "كل ما تتكون منه صفحات شُبّاك، ليُبنى الجديد منه: المظهر في style.css والرسم في القوالب المشتركة.",
        "What the pages are made of, for whoever builds the next one: looks in style.css, drawing in _parts.html.",
    ),
    "components.colours": ("الألوان", "Colours"),
    "components.type": ("الخط", "Type"),
    "components.form": ("أسئلة النموذج", "Questions of a form"),
    "components.faults": ("ملخص الأخطاء", "Error summary"),
    "components.tasks": ("قائمة الخطوات", "Task list"),
    "components.answers": ("راجع إجاباتك", "Check your answers"),
    "components.notices": ("تنبيهات", "Notices"),
    "components.table": ("جدول", "Table"),
    "components.progress": ("تقدم عمل طويل", "Progress of long work"),
    "components.buttons": ("أزرار", "Buttons"),
    "components.back": ("رجوع", "Back"),
    "components.sample": ("مثال: 12 شارع سليم الأول، الزيتون", "Example: 12 Selim El Awal Street"),
    "components.done": ("تم", "Done"),
    "components.to_do": ("لم يبدأ", "Not started"),
    "components.wrong": ("به خطأ", "Has a fault"),
    "components.waiting": ("ينتظر", "Waiting"),
    "components.change": ("تعديل", "Change"),
    "components.previous": ("السابق", "Previous"),
    "components.next": ("التالي", "Next"),
    "components.uploading": ("جارٍ رفع الملف", "Uploading the file"),
}
