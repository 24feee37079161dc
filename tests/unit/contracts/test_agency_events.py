"""What agencies may be given is decided for each type that travels, by name."""

from __future__ import annotations

from contracts.agency_events import FOR_THE_CENTRE, NOT_OFFERED, OFFERED, TYPES
from contracts.event_schemas import every
from contracts.upward import UP
from services.gateway.web.pages.texts import TEXTS


def test_of_every_type_that_travels_up_somebody_decided_whether_agencies_may_have_it() -> None:
    assert set(UP) == set(TYPES) | set(NOT_OFFERED)
    assert not set(TYPES) & set(NOT_OFFERED)
    assert all(len(reason) > 10 for reason in NOT_OFFERED.values())


def test_what_is_offered_travels_and_is_what_the_event_has() -> None:
    for name, projection in OFFERED.items():
        assert set(projection.names) <= set(UP[name].names)
        fields = every()[name].schema().fields
        assert {one.partition(".")[0] for one in projection.names} <= set(fields), name


def test_what_travels_for_the_centre_alone_is_offered_to_nobody() -> None:
    assert any(one in FOR_THE_CENTRE for projection in UP.values() for one in projection.names)
    assert not any(one in FOR_THE_CENTRE for projection in OFFERED.values() for one in projection.names)


def test_every_type_has_a_name_that_people_choose_it_by() -> None:
    names = [TEXTS[f"events.type.{name}"] for name in TYPES]
    assert len({arabic for arabic, _ in names}) == len({english for _, english in names}) == len(TYPES)
