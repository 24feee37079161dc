"""What may go wrong when the centre orders something of a node, or a node carries it out (rules/link_commands.py)."""

from __future__ import annotations

from contracts.problem import Problem

PROBLEMS: dict[str, Problem] = {
    "command_unknown": Problem(422, "لا يوجد أمر عن بُعد بهذا الاسم: {name}", "There is no remote command {name}."),
    "command_argument_unfit": Problem(422, "القيمة لا تصلح لهذا الأمر. راجع حدودها.",
                                      "The value does not fit this command. Check its bounds."),
    "command_node_unknown": Problem(404, "لا يوجد ربط مع محافظة بهذا الكود: {peer}",
                                    "This centre is linked to no governorate {peer}."),
    "command_nothing_to_resend": Problem(409, "لا تحتفظ المحافظة برسالة بهذا الرقم لترسلها.",
                                         "The governorate keeps no message of this number to send."),
}
