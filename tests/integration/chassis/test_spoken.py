"""What the services of a real node really say, held against the published language."""

import pkgutil
from importlib import import_module

import orjson

import contracts
from chassis import events
from contracts import routes
from contracts.events import REGISTRY
from infra.database import SERVICES
from infra.demo.walk import Walk

# What a guide that is loaded and a case without trouble say. Other events tell of changes and troubles, where they are
# tested.
OF_EVERY_CASE = {
    "catalog.national.published.v1", "catalog.adoption.changed.v1", "catalog.definition.published.v1",
    "requests.request.submitted.v1", "requests.request.moved.v1", "requests.licence.issued.v1",
    "payments.bill.issued.v1", "payments.bill.pending.v1", "payments.bill.paid.v1", "notifications.message.changed.v1",
}

for module in pkgutil.iter_modules(contracts.__path__, "contracts."):
    import_module(module.name)  # each puts its events into the registry


def test_every_event_of_a_whole_case_is_of_the_published_language(node):
    walk = Walk(node.url, node.peers.pay)
    walk.run()
    walk.until(node.settled, bool)
    said, faults, sequences = set(), [], {}
    for service in SERVICES:
        for row in node.sql(service, "SELECT * FROM event_log ORDER BY position"):
            event, envelope = events.decode(bytes(row.body)), orjson.loads(bytes(row.body))
            said.add(event.type)
            problems = REGISTRY[event.type].schema().validate(event.data)
            faults += [(event.type, problems)] if problems else []
            assert (str(row.event_id), row.type, str(row.subject), row.sequence) == (
                str(event.id), event.type, str(event.subject), event.sequence)
            assert event.type.startswith(f"{service}.") and event.source == f"urn:shubbak:EG-C:{service}:1"
            assert envelope["specversion"] == "1.0" and event.correlation_id
            assert event.sequence == sequences.get(event.subject, 0) + 1, "a sequence was skipped"
            sequences[event.subject] = event.sequence
    assert faults == []
    assert OF_EVERY_CASE <= said <= set(routes.CONSUMERS)
