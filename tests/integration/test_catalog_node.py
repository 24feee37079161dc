"""Editor and reviewer over the HTTP API of a running node: from a faulty draft to a version of the national guide."""

from __future__ import annotations

from typing import Any

import requests

from chassis.ids import uuid7
from services.gateway.demo import PASSWORD
from tests.support.node import Node
from tests.support.requests_ground import shop


class Person:
    """Somebody of the staff with a program of their own."""

    def __init__(self, node: Node, username: str) -> None:
        self.url = f"{node.url}/api/v1"
        answer = requests.post(f"{self.url}/sessions", json={"username": username, "password": PASSWORD}, timeout=20)
        self.headers = {"Authorization": f"Bearer {answer.json()['token']}"}

    def post(self, path: str, body: dict[str, Any], status: int = 200, key: str | None = None) -> Any:
        headers = {**self.headers, "Idempotency-Key": key or str(uuid7())}
        answer = requests.post(f"{self.url}/catalog/{path}", json=body, headers=headers, timeout=20)
        assert answer.status_code == status, answer.text
        return answer.json()

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.url}/catalog/{path}", headers=self.headers, timeout=20)
        assert answer.status_code == 200, answer.text
        return answer.json()


def test_a_definition_written_and_approved_by_two_people(node: Node) -> None:
    editor, reviewer = Person(node, "editor"), Person(node, "reviewer")
    code = f"trial-{str(uuid7())[-12:]}"
    wrong = shop() | {"code": code}
    wrong["outputs"][0]["fields"] = ["nobody"]
    drafted = editor.post("proposals", {"kind": "definition", "body": wrong}, 201)
    assert [fault["field"] for fault in drafted["faults"]] == ["outputs/0/fields"]
    path = f"proposals/{drafted['proposal_id']}"
    refused = editor.post(f"{path}/submission", {"version": 1}, 422)
    assert refused["errors"][0]["field"] == "outputs/0/fields" and refused["errors"][0]["ar"]

    amended = editor.post(f"{path}/amendments", {"version": 1, "body": shop() | {"code": code}})
    submitted = editor.post(f"{path}/submission", {"version": amended["version"]})
    decision = {"version": submitted["version"], "decision": "approve"}
    assert editor.post(f"{path}/decision", decision, 403)["code"] == "forbidden"
    shown = reviewer.get(path)
    assert shown["state"] == "in_review" and shown["faults"] == [] and shown["body"]["code"] == code

    key = str(uuid7())
    first = reviewer.post(f"{path}/decision", decision, key=key)
    assert first["applied"]["version"] == 1 and not first["applied"]["offered"]
    assert reviewer.post(f"{path}/decision", decision, key=key) == first  # the same key takes effect once
    assert reviewer.post(f"{path}/decision", decision, 409)["code"] == "proposal_closed"

    rows = node.sql("catalog", "SELECT approved_by FROM national_version WHERE code = %s", code)
    assert len(rows) == 1
    adoption = reviewer.get(f"adoptions?code={code}")["adoptions"][0]
    assert adoption["newest_version"] == 1 and not adoption["offered"] and adoption["allowed"]
    assert any(one["code"] == code for one in reviewer.get("differences")["services"])
    assert requests.get(f"{node.url}/api/v1/services/{code}", timeout=20).status_code == 404  # not offered here
