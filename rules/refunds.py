"""Money that goes back: the life of a refund as data, and what of a bill may be given back.

A refund is asked for by one person (or by the platform, where a bill was paid twice) and approved by another. It then
goes through the rail by which the money came, in cash at the counter, by an order to the bank, at the card terminal
that charged the card, or on the rail's own pages. Amounts are piastres.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rules.refusal import Fault, Refusal, refuse

STATES = ("requested", "approved", "sent", "under_way", "refused", "uncertain", "done", "rejected")
NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "requested": ("مطلوب", "requested"), "approved": ("معتمد", "approved"), "sent": ("أُرسل إلى وسيلة السداد", "sent"),
    "under_way": ("قيد التنفيذ", "under way"), "refused": ("رفضته وسيلة السداد", "refused by the rail"),
    "uncertain": ("غير مؤكد", "in doubt"), "done": ("تم", "done"), "rejected": ("مرفوض", "rejected"),
})
"""Each state in Arabic and English."""
OPEN = ("requested", "approved", "sent", "under_way", "refused", "uncertain")
AT_RAIL = ("sent", "under_way", "refused", "uncertain")  # the rail may say that it was done
RAIL, CASH, BANK, TERMINAL, PORTAL = "rail", "cash", "bank", "terminal", "portal"
WAYS = (RAIL, CASH, BANK, TERMINAL, PORTAL)
"""`rail`: by an order of ours; `portal`: by a person on the rail's own pages."""

APPROVED = "approved"      # a second person agrees
REJECTED = "rejected"      # a second person does not
SENT = "sent"              # the order is about to go to the rail: from now on it may have had an effect
TAKEN_ON = "taken_on"      # the rail took the order and will say when it is done
CONFIRMED = "confirmed"    # the money went back: the rail says so, or a person handed it over
REFUSED = "refused"        # the rail did not and will not give it back
DOUBTED = "doubted"        # nobody can tell whether the rail gave it back
SENT_AGAIN = "sent_again"  # a person wants the rail tried once more; it is looked up there first
REROUTED = "rerouted"      # a person chooses another way
GIVEN_UP = "given_up"      # nothing was given back, and nothing will be
FOUND_DONE = "found_done"  # the centre gave it back by an order that this place forgot when it was restored

TRIGGERS = (APPROVED, REJECTED, SENT, TAKEN_ON, CONFIRMED, REFUSED, DOUBTED, SENT_AGAIN, REROUTED, GIVEN_UP, FOUND_DONE)

_TABLE = """
requested   approved     approved
requested   rejected     rejected
approved    sent         sent
approved    confirmed    done
approved    rerouted     approved
approved    given_up     rejected
sent        sent         sent
sent        taken_on     under_way
sent        confirmed    done
sent        refused      refused
sent        doubted      uncertain
under_way   confirmed    done
under_way   refused      refused
under_way   doubted      uncertain
refused     confirmed    done
refused     sent_again   sent
refused     rerouted     approved
refused     given_up     rejected
uncertain   confirmed    done
uncertain   refused      refused
uncertain   sent_again   sent
uncertain   rerouted     approved
done        confirmed    done
rejected    found_done   requested
"""

STEPS: dict[tuple[str, str], str] = {
    (before, trigger): after for before, trigger, after in (line.split() for line in _TABLE.split("\n") if line)}


@dataclass(frozen=True, slots=True)
class Part:
    """So many piastres of one line of a bill."""

    code: str
    amount: int


def step(state: str, trigger: str) -> str:
    """The state after the trigger. Refuses refund_not_possible where the table has no such step."""
    after = STEPS.get((state, trigger))
    if after is None:
        raise refuse("refund_not_possible", "refund_id", **told(state), trigger=trigger)
    return after


def told(state: str) -> dict[str, str]:
    """What a refusal says of how a refund stands: the code, and its name in both languages."""
    arabic, english = NAMES[state]
    return {"state": state, "state_ar": arabic, "state_en": english}


def parts(lines: Iterable[Mapping[str, object]], given_back: Iterable[Part],
          wanted: Sequence[Part] | None) -> tuple[Part, ...]:
    """What of a bill's lines ({code, amount}) a refund takes, given what earlier ones took (those under way among
    them): all that is left where `wanted` is None, or the parts asked for. Refuses, with all faults:
    refund_nothing_left, refund_line_unknown, refund_line_twice, refund_above_rest."""
    rest = {str(line["code"]): int(str(line["amount"])) for line in lines}
    for part in given_back:
        rest[part.code] = rest.get(part.code, 0) - part.amount
    if wanted is None:
        found = tuple(Part(code, amount) for code, amount in rest.items() if amount > 0)
        if not found:
            raise refuse("refund_nothing_left", "lines")
        return found
    faults: list[Fault] = []
    seen: set[str] = set()
    for index, part in enumerate(wanted):
        if part.code not in rest:
            faults.append(Fault("refund_line_unknown", f"lines/{index}/code", {"line": part.code}))
        elif part.code in seen:
            faults.append(Fault("refund_line_twice", f"lines/{index}/code", {"line": part.code}))
        elif part.amount > rest[part.code]:
            faults.append(Fault("refund_above_rest", f"lines/{index}/amount", {"rest": max(rest[part.code], 0)}))
        seen.add(part.code)
    if faults:
        raise Refusal(faults)
    return tuple(wanted)


def total(of: Iterable[Part]) -> int:
    """The sum in piastres."""
    return sum(part.amount for part in of)


def table() -> str:
    """The whole life in lines of from, trigger and to."""
    rows = [("from", "trigger", "to"), *((before, trigger, after) for (before, trigger), after in STEPS.items())]
    return "".join("{:<12}{:<13}{}\n".format(*row) for row in rows)


def mermaid() -> str:
    """The life as a Mermaid state diagram."""
    lines = ["stateDiagram-v2", "    [*] --> requested"]
    lines += [f"    {before} --> {after}: {trigger}" for (before, trigger), after in STEPS.items()]
    return "\n".join(lines) + "\n"
