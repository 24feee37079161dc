"""Texts of logging in, of the own account, and of the page for who builds on the API."""

from __future__ import annotations

ACCESS: dict[str, tuple[str, str]] = {
    "login.oidc": ("الدخول الموحد", "Single sign-on"),
    "login.oidc_help": (
        "بحسابك الحكومي، دون كلمة مرور هنا.",
        "With your government account, without a password here.",
    ),
    "login.or": ("أو باسم المستخدم", "Or with a user name"),
    "login.code_title": ("رمز الدخول", "Log-in code"),
    "login.code": ("الرمز من تطبيق المصادقة", "Code of your authenticator app"),
    "login.code_help": (
        "ستة أرقام تتغير كل نصف دقيقة. ضاع هاتفك؟ اكتب رمزاً احتياطياً بدلاً منها.",
        "Six digits that change twice a minute. Lost your phone? Type a recovery code instead.",
    ),
    "login.code_lost": (
        "بلا هاتف ولا رموز احتياطية: يعيد مدير النظام ضبط حسابك بعد أن يتحقق من شخصيتك.",
        "Neither phone nor recovery codes: an administrator resets your account once sure that it is you.",
    ),
    "account.title": ("حسابي", "My account"),
    "account.demand.password_to_change": (
        "كلمة المرور التي دخلت بها مؤقتة. اختر كلمة مرور لا يعرفها غيرك، ثم تابع عملك.",
        "The password you came with is temporary. Choose one that only you know; then go on.",
    ),
    "account.demand.authenticator_required": (
        "دورك يحتاج إلى تطبيق مصادقة على هاتفك. فعِّله الآن، ثم تابع عملك.",
        "Your role needs an authenticator app on your phone. Set it up now; then go on.",
    ),
    "account.who": ("بياناتي", "Who I am here"),
    "account.roles": ("الأدوار", "Roles"),
    "account.unit": ("الوحدة", "Unit"),
    "account.whole": ("المحافظة كلها", "The whole governorate"),
    "account.department": ("الإدارة", "Department"),
    "account.password": ("كلمة المرور", "Password"),
    "account.old": ("كلمة المرور الحالية", "Present password"),
    "account.new": ("كلمة المرور الجديدة", "New password"),
    "account.new_help": (
        "عشرة أحرف على الأقل؛ جملة قصيرة أسهل في الحفظ وأصعب في التخمين.",
        "At least ten characters; a short sentence is easier to remember and harder to guess.",
    ),
    "account.again": ("كلمة المرور الجديدة مرة أخرى", "New password again"),
    "account.change": ("غيّر كلمة المرور", "Change the password"),
    "account.done.password": (
        "تغيّرت كلمة المرور، وخرج حسابك من كل جهاز آخر.",
        "The password was changed, and every other device was logged out.",
    ),
    "account.done.sessions": ("انتهت الجلسة.", "The session has ended."),
    "account.factor": ("تطبيق المصادقة", "Authenticator app"),
    "account.factor_on": (
        "مفعّل منذ {since}. باقٍ لك من الرموز الاحتياطية: {left}.",
        "In use since {since}. Recovery codes left: {left}.",
    ),
    "account.factor_off": (
        "غير مفعّل. معه لا تكفي كلمة المرور وحدها لمن عرفها.",
        "Not in use. With it, knowing your password alone opens nothing.",
    ),
    "account.factor_begin": ("فعِّل تطبيق المصادقة", "Set up the app"),
    "account.factor_again": ("انقله إلى هاتف آخر", "Move it to another phone"),
    "account.codes_renew": ("رموز احتياطية جديدة", "New recovery codes"),
    "account.codes_renew_help": ("تبطل بها الرموز القديمة.", "The old ones become void."),
    "account.sessions": ("أين حسابي مفتوح", "Where I am logged in"),
    "account.session_this": ("هذا الجهاز", "This device"),
    "account.session_phone": ("هاتف", "Telephone"),
    "account.session_computer": ("حاسب", "Computer"),
    "account.session_opened": ("فُتحت", "Opened"),
    "account.session_seen": ("آخر استعمال", "Last used"),
    "account.session_how": ("طريقة الدخول", "Logged in by"),
    "account.how.password": ("كلمة مرور", "password"),
    "account.how.totp": ("كلمة مرور ورمز", "password and code"),
    "account.how.recovery": ("رمز احتياطي", "recovery code"),
    "account.how.oidc": ("دخول موحد", "single sign-on"),
    "account.how.oidc_strong": ("دخول موحد بخطوتين", "single sign-on in two steps"),
    "account.session_end": ("أنهِها", "End it"),
    "account.sessions_end": ("أنهِ كل الجلسات الأخرى", "End all other sessions"),
    "authenticator.title": ("تفعيل تطبيق المصادقة", "Set up the authenticator app"),
    "authenticator.step_app": (
        "افتح تطبيق مصادقة على هاتفك (مثل Aegis أو Google Authenticator أو FreeOTP).",
        "Open an authenticator app on your phone (such as Aegis, FreeOTP or Google Authenticator).",
    ),
    "authenticator.step_scan": ("صوّر هذا الرمز من داخل التطبيق.", "Scan this code from within the app."),
    "authenticator.qr": ("رمز يُصوَّر من تطبيق المصادقة", "Code to be scanned by the authenticator app"),
    "authenticator.by_hand": ("لا كاميرا؟ اكتب هذا المفتاح في التطبيق", "No camera? Type this key into the app"),
    "authenticator.step_code": ("اكتب الرمز الذي يظهر في التطبيق.", "Type the code that the app now shows."),
    "authenticator.code": ("أول رمز", "First code"),
    "authenticator.confirm": ("فعِّل", "Set it up"),
    "codes.title": ("الرموز الاحتياطية", "Recovery codes"),
    "codes.on": ("تطبيق المصادقة يعمل.", "The authenticator app is in use."),
    "codes.lead": (
        "اطبعها أو اكتبها واحفظها بعيداً عن هاتفك. كل رمز يفتح حسابك مرة واحدة، ولن تظهر هنا ثانية.",
        (
            "Print them or write them down and keep them away from your phone. Each opens your account once; they "
            "are never shown again."
        ),
    ),
    "codes.done": ("حفظتها، تابع", "I have kept them, go on"),
    # for who builds on the API
    "dev.title": ("للمطورين", "For developers"),
    "dev.lead": (
        "كل ما تفعله هذه الصفحات متاح لبرامجك أيضاً، بالصلاحيات نفسها والقواعد نفسها.",
        "Whatever these pages can do, your programs can do as well, with the same permissions and rules.",
    ),
    "dev.openapi": ("الوصف الكامل بصيغة OpenAPI 3.1", "the whole description in OpenAPI 3.1"),
    "dev.begin": ("البداية", "Begin"),
    "dev.begin_public": (
        "دليل الخدمات والاستعلام والتحقق من الرخص متاحة للجميع بلا مفتاح:",
        "The guide, inquiries and the verification of licences are open to everybody, without a key:",
    ),
    "dev.begin_staff": (
        "الموظف يسجل الدخول فيحصل على رمز يرسله في Authorization، ويسري وردية واحدة. رمز تطبيق المصادقة لمن فعّله.",
        (
            "Staff log in for a token, sent as Authorization and good for one shift; `code` is of the "
            "authenticator app, where there is one."
        ),
    ),
    "dev.keys": ("مفاتيح الشركاء", "Keys of partners"),
    "dev.keys_told": (
        (
            "تحصل الجهة الشريكة على مفتاح من مدير النظام، محدد الصلاحيات والوحدات والمدة وعدد الطلبات في الدقيقة. "
            "يظهر المفتاح مرة واحدة ويمكن إيقافه في أي لحظة."
        ),
        (
            "A partner gets a key from an administrator, with its scopes, units, end and requests a minute. It is "
            "shown once and can be revoked at any moment."
        ),
    ),
    "dev.scopes": ("الصلاحيات التي تُعطى لمفتاح:", "Scopes that a key may be given:"),
    "dev.once": ("كل طلب مرة واحدة", "Everything once"),
    "dev.once_told": (
        (
            "أرسل مع كل POST ترويسة Idempotency-Key بقيمة عشوائية (UUID). إذا انقطع الاتصال فأعد الطلب بالمفتاح "
            "نفسه: يقع الأثر مرة واحدة وتحصل على الإجابة نفسها."
        ),
        (
            "Send a random Idempotency-Key (a UUID) with each POST. Where the line breaks, repeat it with the "
            "same key: it takes effect once and is answered alike."
        ),
    ),
    "dev.problems": ("الأخطاء", "Problems"),
    "dev.problems_told": (
        (
            "كل رفض مستند RFC 9457 فيه code ثابت ونص عربي وإنجليزي والحقل المقصود. Accept-Language يختار لغة "
            "title وdetail."
        ),
        (
            "Each refusal is an RFC 9457 document with a stable code, a text in both languages and the field it "
            "is about. Accept-Language chooses the language of title and detail."
        ),
    ),
    "dev.limits": ("حدود الاستعمال", "Limits"),
    "dev.limits_told": (
        "ما زاد يُرفض بالحالة 429 وترويسة Retry-After بعدد الثواني. يُحسب لمن سجّل الدخول بحسابه، ولغيره بعنوانه.",
        (
            "What is beyond is refused with 429, and Retry-After says how many seconds to wait. Counted by "
            "account for who is logged in, by address for everybody else."
        ),
    ),
    "dev.limits_kind": ("نوع الطلب", "Kind"),
    "dev.limits_minute": ("في الدقيقة", "A minute"),
    "dev.limits_once": ("دفعة واحدة", "At once"),
    "dev.limit.any": ("كل ما يأتي من عنوان واحد", "Everything from one address"),
    "dev.limit.read": ("قراءة", "Reading"),
    "dev.limit.write": ("كتابة", "Writing"),
    "dev.limit.lodge": ("تقديم طلب أو شكوى أو طلب زيارة", "Lodging a request, a complaint or a visit"),
    "dev.limit.costly": ("تصدير واستيراد", "Exports and imports"),
    "dev.limit.log_in": ("تسجيل الدخول", "Logging in"),
    "dev.limit.signed": ("إخطارات وسائل السداد والرسائل", "Callbacks of rails and providers"),
    "dev.sandbox": ("بيئة للتجربة", "Sandbox"),
    "dev.sandbox_told": (
        (
            "شغّل المنصة كلها على جهازك ببيانات تجريبية: وسائل سداد تدفع فيها بيدك، وصندوق ترى فيه كل رسالة "
            "أُرسلت. لا شيء يخرج من الجهاز. مفاتيح التجربة وأمثلتها في docs/api.md."
        ),
        (
            "Run the whole platform on your own machine with trial data: rails that you pay by hand, and an "
            "outbox that shows every message. Nothing leaves the machine. How to get a key there, with examples: "
            "docs/api.md."
        ),
    ),
    "dev.operations": ("العمليات", "Operations"),
    "dev.search": ("ابحث في العمليات", "Search the operations"),
    "dev.found": ("عدد العمليات: {count}", "Operations: {count}"),
    "dev.all": ("كل العمليات", "All operations"),
    "dev.none": ("لا توجد عملية بهذه الكلمات.", "No operation has these words."),
    "dev.who": ("من يستطيع", "Who may"),
    "dev.who_all": ("الجميع", "Everybody"),
    "dev.scope": ("صلاحية المفتاح", "Scope of a key"),
    "dev.call": ("مثال جاهز", "A call to copy"),
    "dev.parameters": ("المعطيات", "Parameters"),
    "dev.asks": ("ما يُرسل", "What is sent"),
    "dev.answers": ("الإجابة", "Answer"),
    "dev.answers_nothing": ("بلا محتوى.", "No content."),
    "dev.fields": ("الحقول ({count})", "Fields ({count})"),
    "dev.problem": ("عند الرفض", "When it is refused"),
}
