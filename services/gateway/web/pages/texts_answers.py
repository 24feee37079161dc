"""Texts of what comes over the line to people of a place: agencies' answers to letters, remote commands, and paying at
a rail of the centre."""

from __future__ import annotations

ANSWERS: dict[str, tuple[str, str]] = {
    "answers.title": ("ردود الجهات", "Agencies' answers"),
    "answers.lead": (
        "ردود وصلت عبر المنصة ولم تجد خطاباً ينتظرها. اقرأ كل رد، واتخذ ما يلزم، ثم سجّل ما فعلت.",
        ("Answers that came through the platform and found no letter that waits for them. Read each, do what is "
        "needed, then say what you did.")),
    "answers.came": ("وصل رد الجهة", "The body has answered"),
    "answers.none": ("لا ردود تنتظر أحداً.", "No answer waits for anybody."),
    "answers.waiting": ("تنتظر من يطلع عليها", "Waiting for somebody"),
    "answers.recorded": ("سُجلت على خطاباتها", "Recorded on their letters"),
    "answers.which": ("أي ردود", "Which answers"),
    "answers.seen_by": ("اطلع عليه {name} في {at}.", "Dealt with by {name} on {at}."),
    "desk.done.answer_settled": ("سُجل ما فعلت بالرد.", "What you did about the answer is recorded."),
    "answers.seen": ("تم الاطلاع عليها", "Dealt with"),
    "answers.letter": ("الخطاب", "Letter"),
    "answers.request": ("الطلب", "Request"),
    "answers.reference": ("رقمها في الجهة", "The agency's reference"),
    "answers.answered_on": ("تاريخ الرد", "Answered on"),
    "answers.arrived_at": ("وصل إلى المحافظة", "Reached the governorate"),
    "answers.why": ("لماذا يُعرض عليك", "Why it lies before you"),
    "answers.note": ("نص الرد", "The agency's words"),
    "answers.no_note": ("لا يوجد نص مع الرد.", "The agency wrote nothing beside its opinion."),
    "answers.note_shut": (
        "نص الرد مختوم بمفتاح لا تملكه هذه المحافظة. اطلب النص من الجهة مباشرة.",
        "The words are sealed under a key that this governorate does not hold. Ask the agency for them."),
    "answers.remark": ("ماذا فعلت", "What you did"),
    "answers.remark_help": ("10 أحرف على الأقل. يقرؤها المراجع.", "At least 10 letters. An auditor reads them."),
    "answers.settle": ("تم الاطلاع", "Dealt with it"),
    "answers.settle_title": ("لا خطاب له", "It belongs to no letter"),
    "answers.attach": ("سجّله على هذا الخطاب", "Record it on this letter"),
    "answers.attach_title": ("الرد يخص خطاباً آخر", "It belongs to another letter"),
    "answers.attach_lead": (
        "ذكرت الجهة رقماً آخر؟ اكتب رقم الخطاب الصحيح، فيُسجل الرد عليه كأنه جاء به، ويراه من بيده الطلب.",
        ("Did the agency quote another number? Give that of the right letter: the answer is recorded on it as if it "
         "had come with it, and whoever has the request in hand sees it.")),
    "answers.attach_number": ("رقم الخطاب", "The letter's number"),
    "answers.candidates": ("خطابات إلى الجهة نفسها تنتظر رداً", "Letters to the same body that wait for an answer"),
    "answers.sent_on": ("أُرسل في {day}", "sent on {day}"),
    "answers.not_sent": ("لم يُسجل إرساله", "not recorded as sent"),
    "answers.because": ("كيف تأكدت أنه يخصه", "How you made sure that it is this letter's"),
    "answers.quoted": ("الرقم الذي ذكرته الجهة", "As the agency quoted it"),
    "desk.done.answer_attached": ("سُجل الرد على الخطاب.", "The answer is recorded on the letter."),
    "answers.opinion.agreed": ("موافقة", "Agreed"),
    "answers.opinion.refused": ("رفض", "Refused"),
    "answers.opinion.noted": ("أخذت علماً", "Took note"),
    "answers.why.letter_unknown": ("لا يوجد خطاب بهذا الرقم", "There is no letter of this number"),
    "answers.why.body_differs": ("الخطاب موجه إلى جهة أخرى", "The letter was written to another body"),
    "answers.why.answered_before": ("سُجل على الخطاب رد من قبل", "The letter was answered before"),
    "answers.why.withdrawn": ("سحب صاحب الطلب طلبه", "The applicant took the request back"),
    "answers.why.closed": ("مضى الطلب دون انتظار الرد", "The request went on without the answer"),
    "answers.why.note_unreadable": ("سُجل الرد، ونصه لا يُفتح هنا", "It was recorded; its words do not open here"),
    # remote commands
    "commands.title": ("أوامر عن بُعد", "Remote commands"),
    "commands.lead": (
        ("أوامر محددة سلفاً تُرسل إلى المحافظة عبر الخط وتُنفذ عند وصولها، وتُسجل في المراجعة هنا وهناك. لا يغيّر أي منها "
        "طلباً."),
        ("A few declared orders that go to the governorate over the line and are carried out when they arrive, "
        "recorded in the audit at both ends. None changes a request.")),
    "commands.which": ("الأمر", "Command"),
    "commands.order": ("أمر جديد", "New order"),
    "commands.order_do": ("أرسل: {name}", "Order: {name}"),
    "commands.ordered": ("سُجل الأمر، ويصل عبر الخط.", "The order is recorded and goes over the line."),
    "commands.good_for": ("يسقط إن لم يصل خلال {days}.", "It lapses unless it arrives within {days}."),
    "commands.reason": ("السبب", "Reason"),
    "commands.reason_help": ("10 أحرف على الأقل. يظهر في مراجعة المحافظة.",
                             "At least 10 letters. The governorate's audit shows it."),
    "commands.before": ("ما سبق", "Before"),
    "commands.none": ("لم يُرسل أمر بعد.", "Nothing was ordered yet."),
    "commands.answer": ("الرد", "Answer"),
    "commands.answered_at": ("رد في {at}", "answered {at}"),
    "commands.outcome.waits": ("لم يصل الرد", "No answer yet"),
    "commands.outcome.done": ("نُفذ", "Done"),
    "commands.outcome.refused": ("لم يُنفذ", "Refused"),
    "commands.outcome.lapsed": ("وصل بعد مهلته", "Came too late"),
    "commands.argument.epoch": ("الحقبة", "Epoch"),
    "commands.argument.sequence": ("من الرقم", "From number"),
    "commands.argument.days_ago": ("قبل كم يوم", "Days ago"),
    "commands.argument.agency": ("كود الجهة", "The agency's code"),
    # paying at a rail of the centre
    "rail.centre": ("سداد إلكتروني عبر المركز", "Electronic, through the centre"),
    "pay.where.centre": ("يُطلب الكود من المركز، ثم تدفع به في أي منفذ لوسيلة السداد.",
                         "The code is asked for at the centre; then pay with it wherever that way takes payments."),
    "pay.line_fetching": ("يُطلب الكود من المركز…", "The code is being asked for at the centre…"),
    "pay.line_late": (
        ("لم يصل الكود بعد: قد يكون الخط بين المحافظة والمركز مقطوعاً. لا تُعد الطلب؛ يُرسل وحده عند عودة الخط ويظهر "
        "الكود هنا، ويسقط إذا انتهت مهلة المطالبة. وإن أردت السداد الآن فادفع في الشباك."),
        ("The code has not come yet: the line between the governorate and the centre may be cut. Do not ask again; the "
        "wish goes out by itself when the line is back, the code appears here, and it lapses when the bill's time is "
        "over. To pay now, pay at the window.")),
}
