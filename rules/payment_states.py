"""The life of a bill, and of each payment made towards one, as data.

Money that reached a rail is never argued away: a late success overrides an earlier failure or expiry, a duplicate
changes nothing, and an amount that differs, or money for a bill that was cancelled or paid before, is held for a
person, never dropped.
"""

from __future__ import annotations

from dataclasses import dataclass

from rules.refusal import refuse

STATES = ("created", "pending", "paid", "failed", "expired", "cancelled", "under_review")
SETTLED = ("paid", "cancelled")  # nothing is expected any more

# Triggers, by who pulls them.
STARTED = "started"            # the payer chose a rail
SUCCEEDED = "succeeded"        # a rail reports the bill's amount
CASH_TAKEN = "cash_taken"      # the cashier took the bill's amount
WRONG_AMOUNT = "wrong_amount"  # a rail reports another amount
REPEATED = "repeated"          # a rail reports again, under the same reference and amount, what it reported before
FAILED = "failed"              # a rail reports that the payment came to nothing
EXPIRED = "expired"            # the bill's time ran out, or the rail says so
CANCELLED = "cancelled"        # the request was withdrawn or decided otherwise
ACCEPTED = "accepted"          # a person found that the held money pays the bill
RETURNED = "returned"          # a person sent the held money back

TRIGGERS = (STARTED, SUCCEEDED, CASH_TAKEN, WRONG_AMOUNT, REPEATED, FAILED, EXPIRED, CANCELLED, ACCEPTED, RETURNED)
MONEY = (SUCCEEDED, WRONG_AMOUNT)  # triggers by which money has moved at a rail: they are never refused

# Effects: what the service does besides keeping the state.
NOTHING, RECEIPT, HOLD, RELEASE, GIVE_BACK = "nothing", "receipt", "hold", "release", "give_back"


@dataclass(frozen=True, slots=True)
class Step:
    """From a state, by a trigger, to a state. `effect`: receipt (post the revenue, number a receipt), hold (post the
    money as held, alarm a person), release (post held money as revenue, number a receipt), give_back, nothing."""

    from_state: str
    trigger: str
    to_state: str
    effect: str

    @property
    def changes(self) -> bool:
        """Whether there is anything to record: another state, or money to post."""
        return self.from_state != self.to_state or self.effect != NOTHING


_TABLE = """
created       started       pending       nothing
pending       started       pending       nothing
failed        started       pending       nothing

created       succeeded     paid          receipt
pending       succeeded     paid          receipt
failed        succeeded     paid          receipt
expired       succeeded     paid          receipt
under_review  succeeded     under_review  hold
paid          succeeded     paid          hold
cancelled     succeeded     under_review  hold

created       cash_taken    paid          receipt
pending       cash_taken    paid          receipt
failed        cash_taken    paid          receipt

created       wrong_amount  under_review  hold
pending       wrong_amount  under_review  hold
failed        wrong_amount  under_review  hold
expired       wrong_amount  under_review  hold
under_review  wrong_amount  under_review  hold
paid          wrong_amount  paid          hold
cancelled     wrong_amount  under_review  hold

created       repeated      created       nothing
pending       repeated      pending       nothing
paid          repeated      paid          nothing
failed        repeated      failed        nothing
expired       repeated      expired       nothing
cancelled     repeated      cancelled     nothing
under_review  repeated      under_review  nothing

created       failed        created       nothing
pending       failed        failed        nothing
failed        failed        failed        nothing
expired       failed        expired       nothing
paid          failed        paid          nothing
cancelled     failed        cancelled     nothing
under_review  failed        under_review  nothing

created       expired       expired       nothing
pending       expired       expired       nothing
failed        expired       expired       nothing
expired       expired       expired       nothing
paid          expired       paid          nothing
cancelled     expired       cancelled     nothing
under_review  expired       under_review  nothing

created       cancelled     cancelled     nothing
pending       cancelled     cancelled     nothing
failed        cancelled     cancelled     nothing
expired       cancelled     cancelled     nothing
cancelled     cancelled     cancelled     nothing

under_review  accepted      paid          release
under_review  returned      cancelled     give_back
"""

STEPS: dict[tuple[str, str], Step] = {
    (step.from_state, step.trigger): step for step in (Step(*line.split()) for line in _TABLE.split("\n") if line)}


def step(state: str, trigger: str) -> Step:
    """What the trigger does in this state. Refuses bill_not_payable where the table has no such step: to start or
    take cash for a settled, expired or held bill, to cancel a paid one, to review what is not held."""
    found = STEPS.get((state, trigger))
    if found is None:
        raise refuse("bill_not_payable", "bill_id", state=state, trigger=trigger)
    return found


def table() -> str:
    """The whole life in lines of from, trigger, to and effect."""
    rows = [("from", "trigger", "to", "effect"),
            *((one.from_state, one.trigger, one.to_state, one.effect) for one in STEPS.values())]
    return "".join("{:<14}{:<14}{:<14}{}\n".format(*row) for row in rows)


def mermaid() -> str:
    """The life as a Mermaid state diagram; steps that change nothing are left out."""
    lines = ["stateDiagram-v2", "    [*] --> created"]
    lines += [f"    {one.from_state} --> {one.to_state}: {one.trigger}" + (f" / {one.effect}" if one.effect != NOTHING
              else "") for one in STEPS.values() if one.changes]
    return "\n".join(lines) + "\n"
