from infra import docs_demo
from services.gateway import demo


def test_every_desk_that_a_service_of_the_guide_goes_over_is_somebodys() -> None:
    needed = {desk for _, _, desks in docs_demo.services() for desk in desks}
    assert needed <= set(docs_demo.accounts())


def test_no_desk_is_there_that_no_service_needs_and_no_name_twice() -> None:
    needed = {desk for _, _, desks in docs_demo.services() for desk in desks}
    assert set(docs_demo.accounts()) == needed
    names = [one[0] for one in (*demo.PEOPLE, *demo.DESKS)]
    assert len(names) == len(set(names))


def test_no_page_asks_for_a_desk_that_is_not_listed() -> None:
    by_desk = docs_demo.accounts()
    listed = {one[0] for one in (*demo.PEOPLE, *demo.DESKS)}
    assert set(by_desk.values()) <= listed
