"""The workspace's menu offers whoever is logged in the pages that are for them, and none that would turn them away."""

from __future__ import annotations

import pytest
from flask import g

from chassis.actors import Actor
from rules import roles
from services.gateway.web.app import create_app
from services.gateway.web.caller import Caller
from services.gateway.web.pages import menu
from services.gateway.web.pages.texts import TEXTS
from tests.unit.gateway.ground import Service

APP = create_app(Service())
STAFF = sorted(code for code, role in roles.load().roles.items() if role.staff)


def offered(role: str) -> list[str]:
    with APP.test_request_context("/ar/staff"):
        g.caller = Caller(Actor("a1", "staff", (role,), unit="EG-C-01"))
        return [item.endpoint for _, items in menu.offered() for item in items]


@pytest.mark.parametrize("role", STAFF)
def test_what_is_offered_lets_in(role: str) -> None:
    permits = Actor("a1", "staff", (role,)).permits
    assert [endpoint for endpoint in offered(role) if not APP.gates[endpoint].lets_in(permits)] == []


@pytest.mark.parametrize("item", menu.MENU, ids=lambda item: item.endpoint)
def test_every_entry_has_a_name_a_page_and_a_group(item: menu.Item) -> None:
    assert item.text in TEXTS and f"menu.{item.group}" in TEXTS and item.group in menu.GROUPS
    assert item.endpoint in APP.gates


def test_a_post_office_is_called_so_and_gives_out_no_tickets() -> None:
    with APP.test_request_context("/ar/staff"):
        g.caller = Caller(Actor("a1", "staff", ("window_clerk",), unit="EG-C-01", channel="post_office"))
        items = {item.endpoint: item.text for _, group in menu.offered() for item in group}
    assert items["window.show"] == "window.post_office" and "queue.kiosk" not in items
    assert "queue.kiosk" in offered("window_clerk")


def test_who_counter_signs_shifts_is_led_to_those_that_wait() -> None:
    assert {role for role in STAFF if "counter.waiting" in offered(role)} == {"centre_manager", "unit_head"}


def test_who_writes_and_who_reviews_messages_finds_them() -> None:
    assert {role for role in STAFF if "messages.wordings" in offered(role)} == {"centre_manager", "message_editor"}


def test_who_sits_at_the_window_finds_what_was_sent_and_no_counts() -> None:
    assert "messages.show_search" in offered("window_clerk") and "messages.dashboard" not in offered("window_clerk")
