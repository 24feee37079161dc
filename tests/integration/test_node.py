"""The whole node over a real broker: each service its own process with its own users, as containers run them."""

from __future__ import annotations

import subprocess
import sys

from openapi_schema_validator import OAS31Validator

from infra.demo.walk import Walk
from tests.support.node import ROOT


def test_a_shop_owner_takes_a_licence_home(node):
    told = []
    case = Walk(node.url, node.peers.pay, told.append).run()

    assert case["verification"]["status"] == "valid"
    assert len(told) == 12


def test_the_licence_is_verified_by_a_command_without_any_network(node):
    case = Walk(node.url, node.peers.pay).run()
    key = node.environments["gateway"]["SHUBBAK_GATEWAY_LICENCE_PUBLIC_KEYS"]

    genuine = verify(case["verification"]["qr"], key)
    head, payload, signature = case["verification"]["qr"].split(".")
    forged = verify(f"{head}.{payload[:-2]}AA.{signature}", key)

    assert genuine.returncode == 0 and case["serial"] in genuine.stdout
    assert forged.returncode == 1 and "forged" in forged.stdout


def test_answers_are_what_the_openapi_description_says(node):
    walk = Walk(node.url, node.peers.pay)
    document = walk.get("/openapi.json")

    def check(template, answer, method="get"):
        responses = document["paths"][f"/api/v1{template}"][method]["responses"]
        (schema,) = [one["content"]["application/json"]["schema"] for code, one in responses.items() if code[0] == "2"]
        check_answer(document, schema, answer)

    digits = {"X-Phone-Last4": walk.last4}
    lodged = walk.lodge()
    check("/requests", lodged, "post")
    number = lodged["tracking_number"]
    check("/requests/{tracking_number}", walk.status(number))
    walk.pay_bill(number, "inspection")
    task = walk.until(lambda: walk.post("/tasks/next", {}, as_="officer"), lambda answer: answer["task"])
    check("/tasks/next", task, "post")
    check("/tasks", walk.get("/tasks", as_="officer"))
    check("/tasks", walk.get("/tasks", as_="officer", params={"limit": 1}))
    check("/tasks/{task_id}", walk.get(f"/tasks/{task['task']['task_id']}", as_="officer"))
    back = {"action": "send_back", "reason": "ينقص العقد"}
    done = walk.post(f"/tasks/{task['task']['task_id']}/actions", back, as_="officer")
    check("/tasks/{task_id}/actions", done, "post")
    check("/requests/{tracking_number}", walk.status(number))
    check("/requests/{tracking_number}/timeline", walk.get(f"/requests/{number}/timeline", headers=digits))
    bills = walk.get(f"/requests/{number}/bills", headers=digits)
    check("/requests/{tracking_number}/bills", bills)
    check("/bills/{bill_id}", walk.get(f"/bills/{bills['bills'][0]['bill_id']}"))
    case = walk.run()
    check("/licences/{serial}/verification", case["verification"])
    check("/requests/{tracking_number}", walk.status(case["tracking_number"]))


def check_answer(document, schema, answer):
    """Valid by the described schema, and nothing in it or in what it nests that is not described."""
    described = {**schema, "components": document["components"]}
    errors = [f"{error.json_path}: {error.message}" for error in OAS31Validator(described).iter_errors(answer)]
    assert not errors, errors
    schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    properties = schema.get("properties", {})
    for name, value in answer.items():
        assert name in properties, name
        items = properties[name].get("items", {})
        for one in value if isinstance(value, list) and "$ref" in items else []:
            check_answer(document, items, one)


def test_one_correlation_id_runs_from_the_request_to_the_last_event(node):
    walk = Walk(node.url, node.peers.pay)
    walk.http.headers["X-Correlation-Id"] = "case-0000-follow-me"
    number = walk.lodge()["tracking_number"]
    walk.until(lambda: walk.bill(number, "inspection"), bool)

    def told():
        return {
            service
            for service in ("requests", "payments", "notifications")
            for row in node.sql(service, "SELECT convert_from(body, 'UTF8') AS body FROM event_log")
            if '"correlationid":"case-0000-follow-me"' in row.body
        }

    walk.until(told, lambda services: services == {"requests", "payments", "notifications"})


def test_no_personal_data_stands_in_the_clear_in_any_database_or_log(node):
    walk = Walk(node.url, node.peers.pay)
    walk.run()
    walk.until(node.settled, bool)
    postgres = node.stack.postgres
    dump = "".join(
        subprocess.run(
            [str(postgres.bin / "pg_dump"), "--data-only", "--inserts", postgres.dsn(database=name)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for name in ("requests", "payments", "notifications", "gateway", "catalog")
    )
    logs = "".join(path.read_text() for path in node.logs.glob("*.log"))
    for secret in ("28503150101232", "+201012345678", "01012345678", "owner@example.org", "محمود عبد الله حسن"):
        for place, text in (("a database", dump), ("a log", logs)):
            assert secret not in text, f"{secret} in {place}"
            assert secret.encode().hex() not in text, f"{secret} in {place}, as bytes"


def verify(qr, key):
    return subprocess.run(
        [sys.executable, "-m", "chassis", "verify-licence", qr, "--key", key],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
