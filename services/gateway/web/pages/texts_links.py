"""Texts of the operator's pages about the links between node and centre."""

from __future__ import annotations

LINKS: dict[str, tuple[str, str]] = {
    "links.title": ("الربط بالمركز", "Link to the centre"),
    "links.title_centre": ("الربط بالمحافظات", "Links to the governorates"),
    "links.with": ("الربط مع {peer}", "Link with {peer}"),
    "links.lead_node": (
        "حال الربط بين هذه المحافظة والمركز. المحافظة تعمل وحدها إذا انقطع الربط، ويُرسل كل ما تراكم بعد عودته.",
        (
            "How the line between this governorate and the centre stands. Cut off, the governorate works on alone, and "
            "what piled up is sent when the line is back."
        ),
    ),
    "links.lead_centre": (
        "حال الربط مع كل محافظة. المحافظة المقطوعة تعمل وحدها، ويصل ما تراكم عندها بعد عودة الربط.",
        (
            "How the line to each governorate stands. One that is cut off works on alone; what piled up there comes "
            "when the line is back."
        ),
    ),
    "links.none": (
        "هذا الموقع غير مرتبط بغيره. يُضبط الربط من إعدادات التشغيل (SHUBBAK_LINK_URL).",
        "This place is linked to no other. Links are set in the environment (SHUBBAK_LINK_URL).",
    ),
    "links.all": ("كل الروابط", "All links"),
    "links.as_of": ("الأرقام وقت {moment}", "Figures as of {moment}"),
    "links.peer": ("الجهة", "Place"),
    "links.centre": ("المركز", "the centre"),
    "links.condition": ("الحال", "State"),
    "links.condition.up": ("متصل", "Up"),
    "links.condition.behind": ("متأخر", "Behind"),
    "links.condition.silent": ("مقطوع", "Cut off"),
    "links.condition.never": ("لم يتصل بعد", "Never heard"),
    "links.concern.silent": (
        "لم يُسمع من الجهة منذ أكثر من دقيقة: افحص الخط والوسيط هناك.",
        "Nothing was heard for more than a minute: look at the line and at the broker there.",
    ),
    "links.concern.behind": (
        "الخط يعمل لكن التأكيدات متأخرة أكثر من خمس دقائق: افحص عملية الربط عند الطرفين.",
        "The line is up, yet receipts are more than five minutes late: look at the link process at both ends.",
    ),
    "links.concern.clock": (
        "ساعتا الطرفين مختلفتان بأكثر من ثانيتين: افحص ضبط الوقت (NTP).",
        "The clocks of both ends are more than two seconds apart: look at NTP.",
    ),
    "links.concern.parked": (
        "رسائل لم تُطبَّق وتنتظر قراراً: عالج السبب المذكور عند كل منها ثم أعد تطبيقها، أو نحّها بسبب مكتوب.",
        ("Messages were not applied and wait for a decision: mend the reason given with each and apply it again, or "
         "lay it aside with a reason."),
    ),
    "links.concern.differs": (
        ("عدّ الطرفان يوماً أو أكثر عداً مختلفاً، وليس هذا تأخيراً: قارن مع مشغل الطرف الآخر رسائل اليوم والنوع المذكورين "
         "أدناه، والخطوات في docs/drills.md، البند 6."),
        ("Both ends counted one day or more differently, and this is no delay: compare the messages of the day and "
         "type named below with the operator of the other end; the steps are in docs/drills.md, drill 6."),
    ),
    "links.concern.restored": (
        "استُعيد هذا الموقع من نسخة احتياطية، ولم تُعِد الجهة بعد كل ما فُقد.",
        "This place was restored from a backup, and the peer has not given back yet all that was lost.",
    ),
    "links.lost": ("وقائع فُقدت ولم تُستعد بعد", "Facts that were lost and are not given back yet"),
    "links.lost_lead": (
        ("وقائع أرسلها هذا الموقع قبل استعادته من النسخة الاحتياطية: تسلّمتها الجهة ولا يعرفها هو الآن. تُعيدها الجهة "
         "وحدها في دقائق ما دام الخط يعمل."),
        ("Facts that this place had sent before it was restored: the peer has them, and this place does not know them "
         "now. With the line up the peer gives them back by itself within minutes."),
    ),
    "links.lost_place": (
        "الحقبة {epoch}: من رقم {first} إلى رقم {last}", "epoch {epoch}: number {first} to number {last}",
    ),
    "links.lost_portal": (
        "إلى أن تُستعاد، لا تستقبل البوابة القومية طلبات لهذه المحافظة، حتى لا يُعطى رقم متابعة لمواطنين اثنين.",
        ("Until then the national portal takes no application for this governorate, so that no tracking number is "
         "given to two people."),
    ),
    "links.write_off": ("إنهاء انتظارها", "Stop waiting for them"),
    "links.write_off_lead": (
        "فقط إذا أكد مشغل الجهة أنها لم تعد عندها. تُسجَّل مفقودة، ولا رجوع في ذلك.",
        "Only if the operator of the other end confirms that they are gone there too. They count as lost, for good.",
    ),
    "links.write_off_numbers": (
        ("تعود البوابة القومية إلى استقبال طلبات المحافظة، ولا تُعطي شيئاً من أرقام المتابعة المحجوزة قبل الآن: اطلب من "
         "مشغل المحافظة حجز أرقام جديدة (docs/drills.md، البند 3)."),
        ("The national portal takes applications for the governorate again, and gives none of the tracking numbers "
         "reserved before now: ask the operator of the node to reserve others (docs/drills.md, drill 3)."),
    ),
    "links.write_off_reason": ("ما الذي تأكدت منه، ومع من", "What was confirmed, and with whom"),
    "links.short.restored": ("ينتظر ما فُقد", "Waits for what was lost"),
    "links.short.differs": ("العدّ مختلف", "Counts differ"),
    "links.backlog": ("لم يُؤكَّد بعد", "Without a receipt"),
    "links.oldest": ("عمر أقدمها", "The oldest of them"),
    "links.oldest_from": ("أقدمها حدث في {moment}", "The oldest happened on {moment}"),
    "links.receipt_at": ("آخر تأكيد", "Last receipt"),
    "links.heard_at": ("آخر ما سُمع منها", "Last heard"),
    "links.skew": ("فرق الساعة", "Clock apart"),
    "links.skew_ahead": ("متقدمة {seconds} ث", "{seconds} s ahead"),
    "links.skew_behind": ("متأخرة {seconds} ث", "{seconds} s behind"),
    "links.skew_same": ("لا فرق", "none"),
    "links.version": ("الإصدار", "Version"),
    "links.parked_count": ("رسائل معلقة", "Parked"),
    "links.unknown": ("غير معروف", "not known"),
    "links.never": ("لم يحدث", "never"),
    "links.nothing": ("لا شيء", "nothing"),
    "links.seconds": ("{count} ث", "{count} s"),
    "links.less": ("أقل من ثانية", "less than a second"),
    "links.sending": ("ما نرسله", "What is sent"),
    "links.receiving": ("ما نستقبله", "What is received"),
    "links.epoch": ("الحقبة", "Epoch"),
    "links.stored": ("مرقّم للإرسال", "Numbered"),
    "links.sent": ("سُلّم إلى وسيط الجهة", "Given to its broker"),
    "links.applied_there": ("طُبِّق هناك", "Took effect there"),
    "links.backed_up_there": ("منه في نسخة احتياطية هناك", "Of it in a backup there"),
    "links.applied_here": ("طُبِّق هنا", "Took effect here"),
    "links.backed_up_here": ("منه في نسخة احتياطية هنا", "Of it in a backup here"),
    "links.held": ("وصل قبل أوانه وينتظر ما قبله", "Came early and waits for what precedes it"),
    "links.last_at": ("آخر ما وصل", "Last that came"),
    "links.sources": ("المرقّم من سجل كل خدمة", "Numbered of each service's log"),
    "links.days": ("الوقائع في كل يوم", "Facts of each day"),
    "links.days_note": (
        "بيوم القاهرة الذي حدثت فيه الواقعة، آخر أربعة عشر يوماً.",
        "By the Cairo day on which the fact happened, the last fourteen.",
    ),
    "links.day": ("اليوم", "Day"),
    "links.out": ("مُرسَل", "Sent"),
    "links.in": ("مُستقبَل", "Received"),
    "links.types": ("الوقائع حسب نوعها", "Facts by type"),
    "links.type": ("النوع", "Type"),
    "links.compared": ("مطابقة العد اليومي", "The daily counts compared"),
    "links.compared_none": (
        "لم تصل أعداد الجهة بعد. تصل مرة كل يوم.", "The peer has not told its counts yet; it does once a day.",
    ),
    "links.same": ("مطابق", "the same"),
    "links.theirs": ("عددهم", "Theirs"),
    "links.ours": ("عددنا", "Ours"),
    "links.parked": ("رسائل لم تُطبَّق", "Messages that were not applied"),
    "links.parked_lead": (
        "لا توقف غيرها. الصحيحة منها تُعاد بعد إصلاح السبب، وما لم يثبت مصدره يُغلق بذكر السبب.",
        (
            "They hold nothing else up. A genuine one is applied again once the cause is mended; one that nothing "
            "proves to be from its sender is settled with a reason."
        ),
    ),
    "links.parked_none": ("لا رسائل معلقة.", "No message waits."),
    "links.reason": ("السبب", "Why"),
    "links.place": ("الموضع", "Place in the stream"),
    "links.place_of": ("حقبة {epoch}، رقم {sequence}", "epoch {epoch}, number {sequence}"),
    "links.times": ("مرات الوصول", "Came"),
    "links.first_at": ("أول مرة", "First"),
    "links.bytes": ("الحجم بالبايت", "Bytes"),
    "links.replay": ("أعد تطبيقها الآن", "Apply it now"),
    "links.settle": ("أغلقها", "Settle it"),
    "links.settle_reason": ("سبب الإغلاق", "Why it is settled"),
    "links.more": ("المزيد", "More"),
    "links.recovered": ("وقائع استُعيدت من الجهة", "Facts given back"),
    "links.recovered_lead": (
        "وقائع لهذا الموقع أقدم من نسخته الاحتياطية، أعادتها الجهة الأخرى. راجع كل ملف منها، فسجلات الخدمات لا تعرفها.",
        (
            "Facts of this place that its backup had lost and the other end gave back. Go through each file: the "
            "services' own records do not know them."
        ),
    ),
    "links.recovered_count": ("{count} من الوقائع المستعادة", "{count} facts given back"),
    "links.recovered_none": ("لم يُستعد شيء.", "Nothing was given back."),
    "links.happened": ("حدثت في", "Happened"),
    "links.subject": ("الموضوع", "Subject"),
    "links.data": ("ما تقوله", "What it says"),
    "links.why.message_unreadable": ("لا تُقرأ", "cannot be read"),
    "links.why.message_malformed": ("رسالة غير سليمة الشكل", "malformed"),
    "links.why.type_unknown": ("نوع غير معروف", "unknown type"),
    "links.why.version_unknown": ("إصدار غير معروف", "unknown version"),
    "links.why.schema_violated": ("تخالف الصيغة المتفق عليها", "against its schema"),
    "links.why.not_applied": ("فشل تطبيقها", "applying it failed"),
    "links.why.known_already": ("وصلت من قبل", "known already"),
    "links.why.body_too_large": ("أكبر من المسموح", "larger than allowed"),
    "links.why.sender_wrong": ("المرسل ليس من ذُكر", "not from whom it says"),
    "links.why.epoch_unknown": ("رقم أو حقبة غير صالحين", "no valid epoch or number"),
    "links.why.key_unknown": ("مفتاح غير معروف", "unknown key"),
    "links.why.key_not_yet": ("مفتاح لم يبدأ بعد", "key not yet in force"),
    "links.why.key_revoked": ("مفتاح ملغى", "revoked key"),
    "links.why.signature_bad": ("توقيع غير صحيح", "bad signature"),
    "links.why.epoch_over": ("انتهت حقبتها وفُقد ما قبلها", "its epoch is over, what was before it is lost"),
    "links.why.content_differs": ("الرقم نفسه بمحتوى مختلف", "the same number with other content"),
}
