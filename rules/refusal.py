"""The one way a rule says no.

A rule never raises a bare ValueError at a citizen: it refuses with faults, each with a stable code that
`contracts.problems` explains in Arabic and English. All faults of one input are reported at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: a stable code, the field it concerns (JSON pointer without the leading slash,
    e.g. `applicant/phone`) and the values that its text names."""

    code: str
    field: str | None = None
    params: dict[str, Any] = attribute(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "field": self.field, "params": self.params}


class Refusal(Exception):
    """The input is refused and nothing was changed. Carries every fault that was found, never none."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults: list[Fault] = [faults] if isinstance(faults, Fault) else list(faults)
        if not self.faults:
            raise ValueError("a refusal needs at least one fault")
        super().__init__("; ".join(f"{f.code}({f.field})" if f.field else f.code for f in self.faults))

    @property
    def code(self) -> str:
        return self.faults[0].code


def refuse(code: str, field: str | None = None, /, **params: Any) -> Refusal:
    """A refusal of one fault, to be raised by the caller: `raise refuse("phone_invalid", "applicant/phone")`."""
    return Refusal(Fault(code, field, params))
