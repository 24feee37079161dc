"""A window with somebody at it, as pages meet it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import uuid4

from rules.refusal import refuse
from tests.unit.gateway.ground import NUMBER, Service, client_of, csrf_of, hidden

DESK = "/ar/staff/window"
TURN = {"turn_id": str(uuid4()), "label": "A7", "queue": "intake", "queue_name": {"ar": "تقديم", "en": "New"},
        "priority": False, "state": "called", "window": "3", "calls": 1, "taken_at": "2026-03-01T08:00:00+00:00",
        "called_at": "2026-03-01T08:05:00+00:00", "waiting_seconds": 300, "service_seconds": None}  # fmt: skip
CARD = "28503150101232"
EARLIER = {"request_id": str(uuid4()), "tracking_number": NUMBER, "service_code": "shop-licence",
           "service_name": {"ar": "ترخيص محل", "en": "Shop licence"}, "unit": "EG-C-01", "state": "review",
           "state_kind": "task", "state_name": {"ar": "مراجعة", "en": "Review"}, "outcome": None,
           "lodged_at": "2026-02-01T08:00:00+00:00", "due_on": None, "late": False,
           "applicant": {"kind": "citizen", "name": "م*** ع***"}}  # fmt: skip


class Window:
    """A clerk at window 3, whose drafts lie in memory."""

    def __init__(self, turn: dict[str, Any] | None = TURN, *, channel: str = "centre", known: Any = ()) -> None:
        self.service = Service()
        token = self.service.log_in("window_clerk")
        session = next(iter(self.service.sessions.values()))
        session.window_number, session.channel = "3", channel
        self.drafts: dict[str, Any] = {}
        self.uploads = 0
        self.service.answers |= {
            "requests.turn_desk": {"turn": turn, "queues": [], "missed": [], "requests": []},
            "requests.serve_turn": {"turn": turn}, "requests.find": {"requests": list(known), "next": None},
            "requests.save_draft": self._save, "requests.draft": self._draft,
            "requests.drop_draft": lambda payload: self.drafts.pop(payload["token"], None) or {"dropped": True},
            "requests.add_document": self._add,
            "requests.submit": {"tracking_number": NUMBER, "fees": []},
            "requests.link_turn": {"turn_id": TURN["turn_id"], "tracking_number": NUMBER, "visit": 2},
        }  # fmt: skip
        self.client = client_of(self.service, token)

    def _save(self, payload: dict[str, Any]) -> dict[str, Any]:
        token = payload["token"] or f"TOKEN-{len(self.drafts)}"
        self.drafts[token] = deepcopy(payload)
        return {"token": token, "service_code": payload["service_code"], "saved_at": "", "ends_at": "2099-01-01"}

    def _draft(self, payload: dict[str, Any]) -> Any:
        found = self.drafts.get(payload["token"])
        if found is None:
            return refuse("draft_unknown", "token")
        return {"service_code": found["service_code"], "draft": deepcopy(found["draft"]), "ends_at": "2099-01-01"}

    def _add(self, payload: dict[str, Any]) -> dict[str, Any]:
        self.uploads += 1
        return {"document_id": f"00000000-0000-7000-8000-{self.uploads:012}", "size": 1000, "sha256": "",
                "status": "ok"}

    def post(self, path: str, data: dict[str, Any], **options: Any) -> Any:
        return self.client.post(path, data={"csrf": csrf_of(self.client), **data}, **options)

    def begin(self, **typed: str) -> Any:
        page = self.client.get(DESK).get_data(as_text=True)
        given = {"once": hidden(page, "once"), "turn_id": TURN["turn_id"], "card": CARD, "service": "shop-licence"}
        return self.post(DESK + "/person", {**given, **typed})

    def form(self) -> str:
        """An application that began; the address of its form."""
        answer = self.begin()
        assert answer.status_code == 303, answer.get_data(as_text=True)
        return str(answer.headers["Location"])

    def sent(self, method: str) -> list[Any]:
        return [one.payload for one in self.service.called if one.method == method]

    def commands(self, method: str) -> list[Any]:
        return [one.command_id for one in self.service.called if one.method == method]
