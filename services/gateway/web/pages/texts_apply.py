"""Texts of applying page by page, and of the draft that is kept meanwhile."""

from __future__ import annotations

APPLY: dict[str, tuple[str, str]] = {
    # the task list
    "apply.about_service": ("عن الخدمة", "About the service"),
    "apply.how": (
        "صفحات قصيرة، سؤال أو سؤالان في كل صفحة. تُحفظ إجاباتك بعد كل صفحة، وتراجعها مع الرسوم قبل الإرسال.",
        "Short pages of a question or two. Answers are kept after each; you check them and the fee before you send.",
    ),
    "apply.log_in": ("ادخل بهاتفك", "Log in with your phone"),
    "apply.log_in_why": (
        "لتُملأ بياناتك وتجد طلبك من أي جهاز. ويمكنك التقديم دون دخول.",
        "to have your details filled in and find your application on any device. You can also apply without.",
    ),
    "apply.start": ("ابدأ", "Start"),
    "apply.go_on": ("أكمل من حيث توقفت", "Go on where you stopped"),
    "apply.kept_here": ("ما كتبته محفوظ حتى {day}.", "What you wrote is kept until {day}."),
    "apply.elsewhere": ("كيف تكمله من جهاز آخر", "How to go on from another device"),
    "apply.anew": ("امسح ما كتبته وابدأ من جديد", "Delete what is kept and begin anew"),
    "apply.anew_help": (
        "إن كان الجهاز لغيرك فامسح ما كتبته قبل أن تتركه.",
        "If others use this device, delete what is kept before you leave it.",
    ),
    "apply.section_who": ("من يتقدم", "Who applies"),
    "apply.section_about": ("المطلوب", "What is asked for"),
    "apply.section_send": ("المراجعة والإرسال", "Check and send"),
    "apply.place": ("المكان", "Where"),
    "apply.and_more": ("{first}، وما يليه", "{first}, and more"),
    "apply.list": ("خطوات الطلب", "Steps of the application"),
    "apply.state.done": ("تم", "Done"),
    "apply.state.started": ("لم يكتمل", "Not complete"),
    "apply.state.wrong": ("يحتاج تصحيحاً", "To correct"),
    "apply.state.open": ("لم يبدأ", "Not started"),
    "apply.state.optional": ("اختياري", "Optional"),
    "apply.state.ready": ("جاهز", "Ready"),
    "apply.state.later": ("بعد إكمال ما سبق", "After all above"),
    # one page
    "apply.page_of": ("صفحة {number} من {pages}", "page {number} of {pages}"),
    "apply.fault_title": ("تصحيح:", "To correct:"),
    "apply.continue": ("متابعة", "Continue"),
    "apply.kind_asked": ("بأي صفة تتقدم؟", "As what do you apply?"),
    "apply.person_citizen": ("بياناتك", "About you"),
    "apply.person_foreigner": ("بياناتك", "About you"),
    "apply.person_company": ("بياناتك أنت، من يمثل الشركة", "About you, who act for the company"),
    "apply.person_attorney": ("بياناتك أنت، الوكيل", "About you, the attorney"),
    "apply.person_heirs": ("بياناتك أنت، أحد الورثة", "About you, one of the heirs"),
    "apply.person_help_company": ("بيانات الشركة في الصفحة التالية.", "The company comes on the next page."),
    "apply.person_help_attorney": (
        "بيانات التوكيل والموكل في الصفحتين التاليتين.", "The power of attorney and who gave it come next.",
    ),
    "apply.person_help_heirs": (
        "بيانات المتوفى وإعلام الوراثة وبقية الورثة في الصفحات التالية.",
        "The deceased, the inheritance decision and the other heirs come next.",
    ),
    "apply.about_company": ("بيانات الشركة", "About the company"),
    "apply.about_power_of_attorney": ("بيانات التوكيل", "The power of attorney"),
    "apply.about_principal": ("بيانات الموكل", "Who gave you the power of attorney"),
    "apply.principal_help": (
        "اكتب واحداً على الأقل من الأرقام الثلاثة.", "Give at least one of the three numbers.",
    ),
    "apply.about_deceased": ("بيانات المتوفى", "The deceased"),
    "apply.about_inheritance": ("إعلام الوراثة", "The inheritance decision"),
    "apply.about_heirs": ("الورثة", "The heirs"),
    "apply.heir": ("وارث {number}", "Heir {number}"),
    "apply.heirs_help": ("اكتب الورثة جميعاً، وأنت منهم.", "Name all heirs, yourself among them."),
    "apply.more_heirs": ("أضف ورثة آخرين", "Add more heirs"),
    "apply.contact": ("كيف نصل إليك؟", "How do we reach you?"),
    "apply.unit_asked": ("في أي حي أو مدينة؟", "In which district or city?"),
    # a document
    "apply.photo": ("صوّر المستند بكاميرا الهاتف", "Take a photo of it with the phone"),
    "apply.or": ("أو", "Or:"),
    "apply.file": ("اختر ملفاً", "Choose a file"),
    "apply.other_file": ("اختر ملفاً بدلاً منه", "Choose a file in its place"),
    "apply.remove": ("احذف الملف", "Remove the file"),
    "apply.preview": ("معاينة ما اخترته", "What you have chosen"),
    "form.file_size": ("({kilobytes} كيلوبايت)", "({kilobytes} KB)"),
    "upload.chosen": ("تحقق أن المكتوب واضح، ثم اضغط متابعة.", "Make sure the writing is clear, then continue."),
    "upload.shrunk": (
        "صُغّرت الصورة إلى {size} كيلوبايت لتصل بسرعة.", "The photo was made smaller, {size} KB, to arrive quickly.",
    ),
    "upload.large": (
        "الملف أكبر من {limit} ميجابايت. اختر ملفاً أصغر أو صوّر المستند.",
        "The file is larger than {limit} MB. Choose a smaller one or take a photo.",
    ),
    "upload.type": ("هذا النوع من الملفات لا يُقبل هنا.", "Files of this type are not taken here."),
    "upload.progress": ("يُرفع الملف", "Uploading"),
    "upload.failed": (
        "انقطع الاتصال ولم يصل الملف. تحقق من الشبكة ثم اضغط متابعة مرة أخرى.",
        "The line broke and the file did not arrive. Check the network and continue once more.",
    ),
    # check
    "check.nothing": ("لم تُجب", "Not answered"),
    "check.no_document": ("لم يُرفع", "Not uploaded"),
    "check.declare": (
        "بالإرسال تقر بأن ما كتبته صحيح وأن المستندات صور من أصولها.",
        "By sending you declare that what you wrote is true and that the documents are copies of their originals.",
    ),
    # a draft
    "draft.here": ("من هذا المتصفح", "In this browser"),
    "draft.here_how": (
        "ارجع إلى الصفحة الرئيسية أو صفحة الخدمة حتى {day}: تجد طلبك كما تركته.",
        "Come back to the home page or the service's page until {day}: you find it as you left it.",
    ),
    "draft.account": ("من حسابك", "In your account"),
    "draft.account_how": (
        "ادخل بهاتفك من أي جهاز، وافتح الخدمة نفسها: تجد طلبك كما تركته.",
        "Log in with your phone on any device and open the same service: you find it as you left it.",
    ),
    "draft.elsewhere": ("من جهاز آخر أو من الشباك", "On another device or at a window"),
    "draft.shared": (
        "على جهاز يستعمله غيرك لا تترك ما كتبته وراءك: امسحه من صفحة خطوات الطلب.",
        "On a device that others use do not leave what you wrote behind: delete it on the page of steps.",
    ),
    "apply.locked": ("هذا الطلب بدأ من حساب", "This application was begun in an account"),
    "apply.locked_why": (
        "انتهت مدة الدخول. كل ما كُتب محفوظ في الحساب: ادخل لتكمل من حيث توقفت.",
        "The session has ended. All that was written is kept in the account: log in to go on where you stopped.",
    ),
    "apply.leave": ("ابدأ طلباً آخر دون حساب", "Begin another application without an account"),
    "apply.leave_help": ("الطلب المحفوظ يبقى في حسابه.", "The kept application stays in its account."),
}
