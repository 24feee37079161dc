"""A rail of the test's own, for orders to give money back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from services.payments.rails import RAILS as adapters
from services.payments.rails import base


class Killed(BaseException):
    """The process dies: nothing after it runs, no except clause of ours sees it."""


class Stage:
    """Stands where a rail stands and plays what it is told: a status, an exception, or a function of the order that
    answers with one of these. All else the rail `genuine` says for it."""

    def __init__(self, *answers: Any) -> None:
        self.answers, self.orders = list(answers), list[base.RefundOrder]()
        self.genuine: Any = None
        self.said: base.Report | None = None

    def refund(self, order: base.RefundOrder) -> base.RefundReport:
        self.orders.append(order)
        answer = self.answers.pop(0)
        if callable(answer) and not isinstance(answer, BaseException):
            answer = answer(order)
        if isinstance(answer, BaseException):
            raise answer
        return base.RefundReport(order.refund_reference, answer, order.amount, f"77{order.refund_reference[-8:]}")

    def ask(self, merchant_reference: str) -> base.Report:
        assert self.said is not None
        return self.said

    @property
    def traits(self) -> base.Traits:
        traits: base.Traits = self.genuine.traits
        return traits

    def read_callback(self, body: str, query: Mapping[str, str], media_type: str = "") -> base.Report:
        report: base.Report = self.genuine.read_callback(body, query, media_type)
        return report

    def reply(self, report: base.Report) -> base.Reply | None:
        reply: base.Reply | None = self.genuine.reply(report)
        return reply


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Stage]:
    """The rail Fawry plays what it is told from here on."""
    def play(*answers: Any) -> Stage:
        made, genuine = Stage(*answers), adapters.of

        def of(settings: Any, name: str) -> Any:
            found = genuine(settings, name)
            if name != "fawry":
                return found
            made.genuine = found
            return made

        monkeypatch.setattr(adapters, "of", of)
        return made
    return play
