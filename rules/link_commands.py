"""What the centre may ask a node to do over the line: a few declared acts, each with its arguments. Nothing else
travels as a command; none of them reads or changes a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rules.refusal import Fault

DONE, REFUSED, LAPSED = "done", "refused", "lapsed"
OUTCOMES = (DONE, REFUSED, LAPSED)
LONGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Argument:
    """A whole number between `least` and `most`, or a code of an agency (`text`)."""

    name: str
    text: bool = False
    least: int = 1
    most: int = LONGEST


@dataclass(frozen=True, slots=True)
class RemoteCommand:
    """One act: its names for people, what it takes, and for how many days an order of it is good: an act that arrives
    later than that is answered `lapsed` and not carried out."""

    name: Mapping[str, str]
    says: Mapping[str, str]
    arguments: tuple[Argument, ...]
    good_days: int


COMMANDS: Mapping[str, RemoteCommand] = {
    "resend": RemoteCommand(
        {"ar": "إعادة الإرسال", "en": "Send again"},
        {"ar": "تعيد المحافظة إرسال رسائلها من هذا الرقم.",
         "en": "The governorate sends its messages again from this number."},
        (Argument("epoch"), Argument("sequence")), 30),
    "recount": RemoteCommand(
        {"ar": "إعادة العد", "en": "Count again"},
        {"ar": "تعدّ المحافظة ما أرسلته في يوم، بحسب النوع.",
         "en": "The governorate counts what it sent on a day, by type."},
        (Argument("days_ago", least=0, most=366),), 30),
    "report": RemoteCommand(
        {"ar": "الحالة والإصدار", "en": "State and version"},
        {"ar": "تخبر المحافظة بإصدارها وما ينتظر فيها.",
         "en": "The governorate tells its version and what waits there."},
        (), 7),
    "pause_feed": RemoteCommand(
        {"ar": "وقف تغذية جهة", "en": "Pause an agency's feed"},
        {"ar": "توقف المحافظة ما يصل الجهة منها مباشرة.",
         "en": "The governorate stops what it gives an agency directly."},
        (Argument("agency", text=True),), 30),
    "resume_feed": RemoteCommand(
        {"ar": "استئناف تغذية جهة", "en": "Resume an agency's feed"},
        {"ar": "تستأنف المحافظة ما أُوقف للجهة بأمر سابق.",
         "en": "The governorate resumes what an order before had paused for an agency."},
        (Argument("agency", text=True),), 30),
}


def faults(name: str, arguments: Mapping[str, Any]) -> list[Fault]:
    """Everything that is wrong with an order; empty when it can be given."""
    command = COMMANDS.get(name)
    if command is None:
        return [Fault("command_unknown", "name", {"name": name})]
    wanted = {argument.name: argument for argument in command.arguments}
    found = [Fault("field_unknown", f"arguments/{given}") for given in arguments if given not in wanted]
    for argument in command.arguments:
        value, place = arguments.get(argument.name), f"arguments/{argument.name}"
        if value is None:
            found.append(Fault("field_required", place))
        elif argument.text:
            if not isinstance(value, str) or not 0 < len(value) <= 60:
                found.append(Fault("command_argument_unfit", place))
        elif type(value) is not int or not argument.least <= value <= argument.most:
            found.append(Fault("command_argument_unfit", place))
    return found
