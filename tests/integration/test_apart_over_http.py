"""The whole node over HTTP: whoever took a request's money, or declared a relation, is handed none of its files; a head
takes a file back and it goes to somebody else."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from infra.demo.walk import API, Walk, application

REASON = "غاب صاحب الملف عن العمل"


@pytest.fixture
def walk(node: Any, desks: None) -> Walk:
    for username, role, department in (("apart-a", "officer", "licensing"), ("apart-b", "officer", "licensing"),
                                       ("apart-head", "department_head", "licensing")):  # fmt: skip
        node.employ(username, role, department)
    return Walk(node.url, node.peers.pay)


def taken_up(walk: Walk, number: str, *usernames: str) -> tuple[str, str]:
    """Everybody asks until one of them is handed this request's file."""
    def held() -> Any:
        for username in usernames:
            walk.post("/tasks/next", {}, as_=username)
            for task in walk.get("/tasks", as_=username)["tasks"]:
                if task["tracking_number"] == number:
                    return username, task["task_id"]
        return None

    found: tuple[str, str] = walk.until(held, bool)
    return found


def test_a_declared_relation_and_a_file_taken_back(node: Any, walk: Walk) -> None:
    for username in ("apart-a", "apart-b"):  # both are at the desk
        assert walk.post("/tasks/next", {}, as_=username) == {"task": None, "because": "nothing_open"}
    number = walk.lodge()["tracking_number"]
    walk.pay_bill(number, "inspection")
    first, task_id = taken_up(walk, number, "apart-a", "apart-b")
    second = "apart-b" if first == "apart-a" else "apart-a"

    listed = walk.get("/tasks/desk?limit=200", as_="apart-head")["tasks"]
    assert [one["status"] for one in listed if one["task_id"] == task_id] == ["held"]
    walk.post(f"/tasks/{task_id}/take-back", {"reason": REASON}, as_="apart-head")
    assert taken_up(walk, number, first, second)[0] == second

    [request] = node.sql("requests", "SELECT id FROM request WHERE tracking_number = %s", number)
    applicant = application([])["applicant"]["national_id"]
    assert walk.post("/tasks/relations", {"national_id": applicant}, as_=second) == {"declared": True}
    held = [task["task_id"] for task in walk.get("/tasks", as_=second)["tasks"]]
    assert task_id not in held
    assert node.sql("requests", "SELECT count(*) AS n FROM relation")[0].n == 1
    drawn = requests.get(f"{node.url}{API}/requests/{number}/graph.svg", headers={"X-Phone-Last4": walk.last4},
                         timeout=20)
    assert drawn.status_code == 200 and "الطلب هنا الآن" in drawn.text and str(request.id) not in drawn.text
    assert walk.act("officer", "send_back")["state_kind"] == "applicant"  # nothing is left open for other tests
