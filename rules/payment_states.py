"""The life of a bill, and of each payment made towards one, as data.

Money that reached a rail is never argued away: a late success overrides an earlier failure or expiry, a duplicate
changes nothing, the amount of a bill that was paid before is a credit of the citizen, and an amount that differs, or
money for a bill that was cancelled, is held for a person, never dropped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from rules.refusal import refuse

STATES = ("created", "pending", "paid", "failed", "expired", "cancelled", "under_review", "refund_requested",
          "partly_refunded", "refunded", "disputed")
OPEN = ("created", "pending", "failed")  # can be paid
COLLECTED = ("paid", "refund_requested", "partly_refunded", "refunded", "disputed")  # was paid, whatever came after
SETTLED = (*COLLECTED, "cancelled")  # nothing is expected any more

NAMES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "created": ("لم تُسدد", "not paid"), "pending": ("بانتظار السداد", "payment pending"), "paid": ("مسددة", "paid"),
    "failed": ("لم تنجح محاولة السداد", "payment failed"), "expired": ("انتهت مهلة السداد", "expired"),
    "cancelled": ("ملغاة", "cancelled"),
    "under_review": ("قيد المراجعة: المبلغ المسدد يختلف عن المطلوب", "under review: the amount paid differs"),
    "refund_requested": ("مسددة، وطُلب رد المبلغ", "paid, a refund was asked for"),
    "partly_refunded": ("مسددة، ورُدَّ جزء منها", "paid, partly given back"),
    "refunded": ("رُدَّ المبلغ", "given back"),
    "disputed": ("مسددة، والسداد محل منازعة لدى البنك", "paid, disputed at the bank"),
})
"""Each state in Arabic and English, on screens and in refusals."""

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
AMENDED = "amended"            # other lines, another total
EXTENDED = "extended"          # a person gave more time
WAIVED = "waived"              # nothing is left of it: exempt, or amended to nothing
REFUND_REQUESTED = "refund_requested"
REFUND_DROPPED = "refund_dropped"    # refused or given up; nothing was given back before
REST_KEPT = "rest_kept"              # the same, when a part was given back before
PARTLY_REFUNDED = "partly_refunded"  # a part was given back, something is left
REFUNDED = "refunded"                # nothing is left
DISPUTE_OPENED = "dispute_opened"    # the payer's bank takes the payment into question
DISPUTE_WON = "dispute_won"          # it stands; nothing was given back before
REST_WON = "rest_won"                # the same, when a part was given back before
DISPUTE_LOST = "dispute_lost"        # the rail takes back what is left

TRIGGERS = (STARTED, SUCCEEDED, CASH_TAKEN, WRONG_AMOUNT, REPEATED, FAILED, EXPIRED, CANCELLED, ACCEPTED, RETURNED,
            AMENDED, EXTENDED, WAIVED, REFUND_REQUESTED, REFUND_DROPPED, REST_KEPT, PARTLY_REFUNDED, REFUNDED,
            DISPUTE_OPENED, DISPUTE_WON, REST_WON, DISPUTE_LOST)
MONEY = (SUCCEEDED, WRONG_AMOUNT)  # triggers by which money has moved at a rail: they are never refused

# Effects: what the service does besides keeping the state.
NOTHING, RECEIPT, HOLD, RELEASE, GIVE_BACK = "nothing", "receipt", "hold", "release", "give_back"
CREDIT, REFUND, CHARGE_BACK = "credit", "refund", "charge_back"


@dataclass(frozen=True, slots=True)
class Step:
    """From a state, by a trigger, to a state. `effect`: receipt (post the revenue, number a receipt), hold (post the
    money as held, alarm a person), credit (post the money as the citizen's, ask for its refund), release (post held
    money as revenue, number a receipt), give_back, refund (post what went back), charge_back (post what the rail took
    back), nothing."""

    from_state: str
    trigger: str
    to_state: str
    effect: str

    @property
    def changes(self) -> bool:
        """Whether there is anything to record: another state, or money to post."""
        return self.from_state != self.to_state or self.effect != NOTHING


_TABLE = """
created          started          pending          nothing
pending          started          pending          nothing
failed           started          pending          nothing

created          succeeded        paid             receipt
pending          succeeded        paid             receipt
failed           succeeded        paid             receipt
expired          succeeded        paid             receipt
under_review     succeeded        under_review     hold
paid             succeeded        paid             credit
cancelled        succeeded        under_review     hold
refund_requested succeeded        refund_requested credit
partly_refunded  succeeded        partly_refunded  credit
refunded         succeeded        refunded         credit
disputed         succeeded        disputed         credit

created          cash_taken       paid             receipt
pending          cash_taken       paid             receipt
failed           cash_taken       paid             receipt

created          wrong_amount     under_review     hold
pending          wrong_amount     under_review     hold
failed           wrong_amount     under_review     hold
expired          wrong_amount     under_review     hold
under_review     wrong_amount     under_review     hold
paid             wrong_amount     paid             hold
cancelled        wrong_amount     under_review     hold
refund_requested wrong_amount     refund_requested hold
partly_refunded  wrong_amount     partly_refunded  hold
refunded         wrong_amount     refunded         hold
disputed         wrong_amount     disputed         hold

created          repeated         created          nothing
pending          repeated         pending          nothing
paid             repeated         paid             nothing
failed           repeated         failed           nothing
expired          repeated         expired          nothing
cancelled        repeated         cancelled        nothing
under_review     repeated         under_review     nothing
refund_requested repeated         refund_requested nothing
partly_refunded  repeated         partly_refunded  nothing
refunded         repeated         refunded         nothing
disputed         repeated         disputed         nothing

created          failed           created          nothing
pending          failed           failed           nothing
failed           failed           failed           nothing
expired          failed           expired          nothing
paid             failed           paid             nothing
cancelled        failed           cancelled        nothing
under_review     failed           under_review     nothing
refund_requested failed           refund_requested nothing
partly_refunded  failed           partly_refunded  nothing
refunded         failed           refunded         nothing
disputed         failed           disputed         nothing

created          expired          expired          nothing
pending          expired          expired          nothing
failed           expired          expired          nothing
expired          expired          expired          nothing
paid             expired          paid             nothing
cancelled        expired          cancelled        nothing
under_review     expired          under_review     nothing
refund_requested expired          refund_requested nothing
partly_refunded  expired          partly_refunded  nothing
refunded         expired          refunded         nothing
disputed         expired          disputed         nothing

created          cancelled        cancelled        nothing
pending          cancelled        cancelled        nothing
failed           cancelled        cancelled        nothing
expired          cancelled        cancelled        nothing
cancelled        cancelled        cancelled        nothing

under_review     accepted         paid             release
under_review     returned         cancelled        give_back

created          amended          created          nothing
pending          amended          created          nothing
failed           amended          created          nothing
created          extended         created          nothing
pending          extended         pending          nothing
failed           extended         failed           nothing
expired          extended         created          nothing
created          waived           paid             nothing
pending          waived           paid             nothing
failed           waived           paid             nothing

paid             refund_requested refund_requested nothing
partly_refunded  refund_requested refund_requested nothing
refund_requested refund_dropped   paid             nothing
refund_requested rest_kept        partly_refunded  nothing
refund_requested partly_refunded  partly_refunded  refund
refund_requested refunded         refunded         refund

paid             dispute_opened   disputed         nothing
partly_refunded  dispute_opened   disputed         nothing
disputed         dispute_won      paid             nothing
disputed         rest_won         partly_refunded  nothing
disputed         dispute_lost     refunded         charge_back
"""

STEPS: dict[tuple[str, str], Step] = {
    (step.from_state, step.trigger): step for step in (Step(*line.split()) for line in _TABLE.split("\n") if line)}


def step(state: str, trigger: str) -> Step:
    """What the trigger does in this state. Refuses bill_not_payable where the table has no such step: to start or
    take cash for a settled, expired or held bill, to cancel a paid one, to review what is not held, to refund what was
    not collected or is in dispute."""
    found = STEPS.get((state, trigger))
    if found is None:
        raise refuse("bill_not_payable", "bill_id", **told(state), trigger=trigger)
    return found


def told(state: str) -> dict[str, str]:
    """What a refusal says of how a bill stands: the code, and its name in both languages."""
    arabic, english = NAMES.get(state, (state, state))
    return {"state": state, "state_ar": arabic, "state_en": english}


def table() -> str:
    """The whole life in lines of from, trigger, to and effect."""
    rows = [("from", "trigger", "to", "effect"),
            *((one.from_state, one.trigger, one.to_state, one.effect) for one in STEPS.values())]
    return "".join("{:<18}{:<18}{:<18}{}\n".format(*row) for row in rows)


def mermaid() -> str:
    """The life as a Mermaid state diagram; steps that change nothing are left out."""
    lines = ["stateDiagram-v2", "    [*] --> created"]
    lines += [f"    {one.from_state} --> {one.to_state}: {one.trigger}" + (f" / {one.effect}" if one.effect != NOTHING
              else "") for one in STEPS.values() if one.changes]
    return "\n".join(lines) + "\n"
