from infra import docs_demo
from rules import roles
from services.gateway import demo


def test_every_desk_that_a_service_of_the_guide_goes_over_is_somebodys() -> None:
    needed = {desk for _, _, desks in docs_demo.services() for desk in desks}
    assert needed <= set(docs_demo.accounts())


def test_no_desk_is_there_that_no_service_needs_and_no_name_twice() -> None:
    needed = {desk for _, _, desks in docs_demo.services() for desk in desks}
    assert set(docs_demo.accounts()) == needed
    names = [one[0] for one in (*demo.PEOPLE, *demo.DESKS)]
    assert len(names) == len(set(names))


def test_the_mobile_district_can_be_walked_too() -> None:
    """Visits are planned onto a clerk of its own, whose intake counts for its channel."""
    [clerk] = [one for one in (*demo.PEOPLE, *demo.DESKS) if one[1] == "mobile_clerk"]
    assert clerk in demo.PEOPLE and demo.CHANNELS[clerk[1]] == "mobile_district"
    assert {"visit.plan", "device.manage"} <= {permission for one in (*demo.PEOPLE, *demo.DESKS)
                                               for permission in roles.load().roles[one[1]].may}


def test_a_refund_can_be_asked_for_and_approved_by_two_persons() -> None:
    officers = [one[0] for one in demo.PEOPLE if "refund.approve" in roles.load().roles[one[1]].may]
    assert len(officers) >= 2


def test_no_page_asks_for_a_desk_that_is_not_listed() -> None:
    by_desk = docs_demo.accounts()
    listed = {one[0] for one in (*demo.PEOPLE, *demo.DESKS)}
    assert set(by_desk.values()) <= listed
