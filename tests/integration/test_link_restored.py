"""Either end restored from a backup: what was lost is given back, nothing takes effect twice, and logs are kept for as
long as a backup may need them."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import pytest

from chassis.database import Database
from chassis.ids import uuid7
from services.gateway.link import backups, ended, keeping, recovery
from services.gateway.link.speaking import Said
from tests.support.link_ground import *  # noqa: F403  (fixtures)
from tests.support.link_ground import CENTRE, NOW, End, exchange, ids, sent


def test_a_centre_restored_from_an_older_backup_is_sent_what_it_lost(ends, postgres) -> None:
    node, centre = ends
    told = node.tell(10)
    exchange(node, centre)
    backup = _backup(postgres, centre)
    told += node.tell(15)
    exchange(node, centre)
    centre = _restored(postgres, centre, backup)
    told += node.tell(5)
    for _ in range(3):
        node.take(centre.speak())
        centre.take(node.send() + node.speak())
    assert ids(centre) == told[10:]
    node.take(centre.speak())
    assert (sent(node).applied, sent(node).incarnation) == (30, 2)
    assert centre.parked() == []
    centre.close()


def test_a_node_restored_from_an_older_backup_begins_a_new_epoch_and_is_given_back_what_it_had_told(
    ends, postgres
) -> None:
    node, centre = ends
    before = node.tell(10)
    node.number()  # the backup has them numbered, of which five only went out
    centre.take(node.send()[:5])
    backup = _backup(postgres, node)
    exchange(node, centre)
    centre.take(node.send())
    node.take(centre.speak())
    node.take(centre.speak())
    centre.take(node.send())
    lost = node.tell(7, data=None)
    exchange(node, centre)
    assert ids(centre) == before + lost
    node = _restored(postgres, node, backup)
    after = node.tell(4)
    for _ in range(6):
        centre.take(node.speak() + node.send())
        node.take(centre.speak())
    assert ids(centre) == before + lost + after
    assert {one.epoch for one in centre.arrived[-4:]} == {2}
    found = node.rows("SELECT epoch, sequence, event_id FROM link_recovered ORDER BY sequence")
    assert [row.event_id for row in found] == lost
    assert sent(node).state == "linked" and (sent(node).epoch, sent(node).applied) == (2, 4)
    assert centre.parked() == []
    node.close()


def test_what_waits_behind_something_that_burnt_with_its_sender_is_parked_and_nobody_wishes_for_it(
    ends, caplog, monkeypatch
) -> None:
    monkeypatch.setattr(ended, "AT_ONCE", 3)
    node, centre = ends
    told = node.tell(20)
    on_the_way = node.send()
    centre.take(on_the_way[:5] + on_the_way[12:])  # 6 to 12 are on the way
    node.do("DELETE FROM link_out WHERE sequence > 8")  # the backup is of that moment; the service's log has the rest
    node.do("UPDATE link_source SET position = 8")
    node.do("UPDATE link_sent SET sent = 8, applied = 0")
    node.start(epoch=2)
    centre.take(node.speak())
    assert centre.one("SELECT count(*) AS held FROM link_held").held == 8  # 6 to 8 can still come
    assert centre.parked() == []
    for _ in range(6):
        node.control._spoken.clear()
        centre.control._spoken.clear()
        exchange(node, centre, 1)
    assert not centre.rows("SELECT 1 FROM link_held")
    found = centre.rows("SELECT epoch, sequence, detail, body FROM link_parked WHERE reason = 'epoch_over' "
                        "ORDER BY sequence")
    assert [(row.epoch, row.sequence) for row in found] == [(1, number) for number in range(13, 21)]
    assert found[0].detail == "9 to 12 of the epoch are lost with their sender" and found[0].body
    assert ids(centre) == told  # what the services still had came under the new epoch
    caplog.clear()
    centre.control._spoken.clear()
    node.take(centre.speak())
    node.send()
    assert "wishes for" not in caplog.text and "misses" not in caplog.text


def test_a_restored_place_that_forgot_to_say_so_is_found_out(ends, caplog) -> None:
    node, centre = ends
    node.tell(5)
    exchange(node, centre)
    node.do("DELETE FROM link_out WHERE sequence > 2")
    node.do("UPDATE link_source SET position = 5")
    node.tell(2)  # other facts under the numbers 3 and 4
    node.take(centre.speak())
    assert "SHUBBAK_EPOCH was not raised" in caplog.text
    node.do("UPDATE link_sent SET sent = 0, applied = 0")
    centre.take(node.send())
    assert centre.parked() == [("content_differs", 1), ("content_differs", 1)]


def test_a_service_restored_to_another_moment_than_the_gateway_loses_nothing_and_tells_nothing_twice(ends) -> None:
    node, centre = ends
    told = node.tell(10)
    exchange(node, centre)
    # The gateway's tables are from before the last three were numbered; the service still has all of them.
    node.do("DELETE FROM link_out WHERE sequence > 7")
    node.do("UPDATE link_source SET position = 7")
    node.do("UPDATE link_sent SET sent = 7, applied = 7")
    node.start(epoch=2)
    told += node.tell(2)
    for _ in range(4):
        centre.take(node.speak() + node.send())
        node.take(centre.speak())
    assert ids(centre) == told
    again = centre.rows("SELECT event_id FROM link_log WHERE parked = 'known_already' ORDER BY position")
    assert [row.event_id for row in again] == told[7:10]
    assert centre.parked() == []


def test_a_service_that_was_restored_alone_without_a_new_epoch_is_found_out(ends) -> None:
    node, centre = ends
    node.tell(10)
    exchange(node, centre)
    node.do("UPDATE link_source SET position = 14")  # as if four facts behind these were lost
    node.start()
    with pytest.raises(LookupError, match="ends at 10, and 14 was numbered"):
        node.number()


def test_a_fact_that_stood_under_two_numbers_is_given_back_under_both(ends) -> None:
    node, centre = ends
    node.tell(4)
    exchange(node, centre)
    facts = [{"epoch": 1, "sequence": row.sequence, "id": str(row.event_id), "type": row.type,
              "body": b64encode(row.body).decode()} for row in node.rows("SELECT * FROM link_out ORDER BY sequence")]
    for epoch in (1, 2):
        said = Said(CENTRE, "link.state", 1, epoch, NOW, {"facts": [{**one, "epoch": epoch} for one in facts]})
        node.attempt(lambda work, said=said: recovery.keep(work, said))
    assert node.attempt(lambda work: recovery.fetched(work, CENTRE)) == {1: 4, 2: 4}


def _backup(postgres, end: End) -> str:
    end.database.close()
    name = f"backup_{end.node.lower().replace('-', '_')}_{uuid7().hex[-6:]}"
    postgres.create_database(name, "gateway", end.url.rpartition("/")[2])
    return name


def _restored(postgres, end: End, backup: str) -> End:
    end.database.close()
    url = postgres.url("gateway", backup)
    end.url = url
    end.database = Database(url, 4)
    end.arrived = list(end.arrived) if end.role.value == "node" else []
    end.start(epoch=2)
    return end


def test_logs_are_kept_beyond_receipt_until_the_other_end_has_a_backup_of_them(ends) -> None:
    node, centre = ends
    told = node.tell(10)
    exchange(node, centre)
    late = NOW + timedelta(days=100)
    assert keeping.let_go(node.database, late, 90) == {"link_out": 0, "link_log": 0, "link_parked": 0, "link_count": 0}
    assert keeping.let_go(centre.database, late, 90)["link_log"] == 0
    before_the_backup = centre.attempt(backups.position)
    more = node.tell(3)
    exchange(node, centre)
    assert centre.attempt(lambda work: backups.backed_up(work, before_the_backup)) == 10
    exchange(node, centre)
    assert sent(node).backed_up == 10
    assert keeping.let_go(node.database, NOW + timedelta(days=89), 90)["link_out"] == 0  # too early
    assert keeping.let_go(node.database, late, 90)["link_out"] == 10
    assert keeping.let_go(centre.database, late, 90)["link_log"] == 10
    assert [row.event_id for row in centre.rows("SELECT event_id FROM link_log ORDER BY position")] == more
    assert [row.event_id for row in node.rows("SELECT event_id FROM link_out ORDER BY sequence")] == more
    node.tell(1)
    exchange(node, centre)
    assert ids(centre)[:13] == told + more and len(centre.arrived) == 14
    assert [row.position for row in centre.rows("SELECT position FROM link_log ORDER BY position")] == [11, 12, 13, 14]


def test_a_place_that_rested_for_longer_than_it_keeps_goes_on_from_its_last_number(ends) -> None:
    node, centre = ends
    node.tell(3)
    exchange(node, centre)
    centre.attempt(lambda work: backups.backed_up(work, backups.position(work)))
    exchange(node, centre)
    assert keeping.let_go(node.database, NOW + timedelta(days=100), 90)["link_out"] == 2
    node.tell(1)
    exchange(node, centre)
    assert [row.sequence for row in node.rows("SELECT sequence FROM link_out ORDER BY sequence")] == [3, 4]
    assert len(centre.arrived) == 4 and centre.parked() == []


def test_an_epoch_that_ends_with_a_parked_message_keeps_neither_log_for_ever(ends) -> None:
    node, centre = ends
    node.tell(3)
    centre.refuses = lambda arrival: arrival.sequence == 3
    exchange(node, centre)
    assert centre.parked() == [("not_applied", 1)]
    node.start(2)
    node.tell(2)
    exchange(node, centre)
    centre.attempt(lambda work: backups.backed_up(work, backups.position(work)))
    exchange(node, centre)
    assert centre.rows("SELECT 1 FROM link_mark WHERE backed_up < applied") == []
    centre.do("UPDATE link_parked SET settled_at = :at, settled_by = 'x', settled_reason = 'seen'", at=NOW)
    late = NOW + timedelta(days=100)
    assert keeping.let_go(centre.database, late, 90)["link_log"] == 4  # the newest always stays
    assert keeping.let_go(node.database, late, 90)["link_out"] == 4
