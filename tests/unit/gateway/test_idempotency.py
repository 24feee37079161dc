"""One command id for one intention."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.refusal import Refusal
from services.gateway.web.idempotency import command_id
from tests.unit.gateway.ground import TASK_ID, Service, client_of

KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=200)
WORDS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)


@given(st.tuples(WORDS, WORDS, KEYS), st.tuples(WORDS, WORDS, KEYS))
def test_equal_for_equal_route_account_and_key_and_for_nothing_else(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assert (command_id(*one) == command_id(*other)) is (one == other)


@pytest.mark.parametrize("key", [None, "", "1234567", "x" * 201, "with space", "عربي-عربي-عربي"])
def test_a_key_that_is_missing_or_no_key_is_refused(key: str | None) -> None:
    with pytest.raises(Refusal) as refused:
        command_id("/api/v1/requests", "public", key)
    assert refused.value.code == "idempotency_key_required"


def test_a_repeat_carries_the_same_command_and_another_person_another() -> None:
    service = Service()
    service.answers["requests.act"] = {"state": "inspection"}
    first, second = service.log_in("officer"), service.log_in("inspector")
    key = str(uuid.uuid4())
    client = client_of(service)
    for token in (first, first, second):
        client.post(f"/api/v1/tasks/{TASK_ID}/actions", json={"action": "accept"},
                    headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key})  # fmt: skip
    ids = [call.command_id for call in service.called]
    assert ids[0] == ids[1] != ids[2] and None not in ids


def test_callbacks_carry_no_key_and_are_each_heard() -> None:
    service = Service()
    service.answers["payments.callback"] = {"taken": True}
    client = client_of(service)
    for _ in range(2):
        assert client.post("/api/v1/payments/callbacks/fawry?a=1", data='{"signed": true}').status_code == 200
    one, two = service.called
    assert one.payload == {"rail": "fawry", "body": '{"signed": true}', "query": {"a": "1"}, "media_type": "",
                           "source": "127.0.0.1"}
    assert one.command_id != two.command_id
