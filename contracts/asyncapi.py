"""The events as AsyncAPI 3.0 describes them, made from the contracts: every type, its schema, the ways of getting it.

Two kinds of channels: what **agencies** get (AMQP queue, webhook, pull feed), which is what contracts/agency_events.py
offers; and the **bus** inside a node, for whoever writes a service of it. An agency's agreement may name fewer fields
still, so in an agency's message no field of `data` has to be there; `x-always` names those that are always there where
the agreement has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from contracts import event_schemas, examples
from contracts.agency_events import OFFERED
from contracts.events import EventType
from contracts.routes import CONSUMERS

VERSION = "1.0.0"
MEDIA_TYPE = "application/cloudevents+json"
EXCHANGE = "deliveries"
"""The exchange of the centre's broker that agencies' queues are bound to; the routing key is `<agency>.<type>`."""
HOST = "centre.shubbak.example"

_BINDING = "0.3.0"
_SOURCE = r"^urn:shubbak:EG(-[A-Z]{1,3})?:[a-z]+:[1-9][0-9]*$"
_UUID = {"type": "string", "format": "uuid"}
_SERVICES = {
    "catalog": "The guide of services and the organisation · دليل الخدمات والهيكل التنظيمي",
    "requests": "Requests, licences, letters · الطلبات والرخص والمكاتبات",
    "payments": "Bills, receipts, collections · المطالبات والإيصالات والمتحصلات",
    "notifications": "Messages to citizens · رسائل المواطنين",
    "gateway": "The line and the agencies · الخط والجهات",
}
_TEXT = """Facts of Egypt's local units as they happen: requests, licences, bills, the guide. Each is one \
CloudEvents 1.0 event that carries the new state of what it is about (`subject`); `sequence` counts the events of a \
subject from 1.

An agency gets the events, services, governorates and fields of its agreement, in one of three ways: an AMQP queue of \
its own, signed webhooks, or a feed that it asks. Delivery is at least once: the same event may come again, always \
with the same `id`. Events of one request come in their order. How long a slow agency is waited for, and how it \
replays: docs/agencies.md.

Schemas change by addition only: unknown fields and unknown values of a closed list are to be passed over. A breaking \
change is a new type (`….v2`) beside the old one. No event carries a name, a national ID, a phone or an address.

وقائع الوحدات المحلية عند حدوثها: الطلبات والرخص والمطالبات والدليل. كل واقعة حدث CloudEvents 1.0 يحمل الحالة \
الجديدة. تصل الجهة بما تنص عليه اتفاقيتها، بإحدى ثلاث طرق: طابور AMQP خاص بها، أو إرسال موقّع إلى عنوانها، أو قائمة \
تطلبها. قد يصل الحدث نفسه أكثر من مرة برقم `id` واحد، وتصل أحداث الطلب الواحد بترتيبها."""


def document(host: str = HOST) -> dict[str, Any]:
    """The AsyncAPI 3.0.0 document; `host` is where the API of this place is reached."""
    agencies = [event_schemas.every()[name] for name in sorted(OFFERED)]
    everything = list(event_schemas.every().values())
    return {
        "asyncapi": "3.0.0",
        "id": "urn:shubbak:events",
        "info": {
            "title": "Shubbak · شُبّاك",
            "version": VERSION,
            "description": _TEXT,
            "tags": [{"name": name, "description": told} for name, told in _SERVICES.items()],
        },
        "defaultContentType": MEDIA_TYPE,
        "servers": _servers(host),
        "channels": {
            "agencyQueue": _queue(agencies),
            "agencyWebhook": _webhook(agencies),
            "agencyFeed": _feed(agencies),
            "bus": _bus(everything),
        },
        "operations": _operations(),
        "components": {
            "messages": {
                **{message_name(one): _message(one, agency=True) for one in agencies},
                **{message_name(one, bus=True): _message(one, agency=False) for one in everything},
            },
            "schemas": {
                "Envelope": _envelope(),
                "WebhookHeaders": _SIGNED,
                **{schema_name(one): _cut_schema(one) for one in agencies},
                **{schema_name(one, bus=True): event_schemas.data_schema(one) for one in everything},
            },
            "securitySchemes": _security(),
            "correlationIds": {"thread": {"description": "The thread of cause from the request at the door on",
                                          "location": "$message.payload#/correlationid"}},
        },
    }


def message_name(event_type: EventType, *, bus: bool = False) -> str:
    """A message's key among the document's components."""
    return f"bus.{event_type.name}" if bus else event_type.name


def schema_name(event_type: EventType, *, bus: bool = False) -> str:
    """The key of the schema of a message's data."""
    return f"{message_name(event_type, bus=bus)}.data"


def sample(event_type: EventType, *, agency: bool = True) -> dict[str, Any]:
    """An event of this type as it could come, whole: of the demo and of nobody; the same each time. For an agency it is
    cut to what travels."""
    schema = event_schemas.data_schema(event_type)
    data = {name: _value(shape, name) for name, shape in schema["properties"].items()}
    envelope = {
        "specversion": "1.0", "id": "01980c5e-7c00-7000-8000-00000000e000",
        "source": f"urn:shubbak:EG-C:{event_type.service}:1", "type": event_type.name, "subject": examples.UUID,
        "time": examples.MOMENT, "datacontenttype": "application/json", "sequence": "3",
        "correlationid": "01980c5e-7c00-7000-8000-000000000002",
    }  # fmt: skip
    return {**envelope, "data": OFFERED[event_type.name].of(data) if agency else data}


# -- messages ---------------------------------------------------------------------------------------------------------


def _message(event_type: EventType, *, agency: bool) -> dict[str, Any]:
    told = _told(event_type, agency)
    return {
        "name": event_type.name,
        "title": event_type.name if agency else f"{event_type.name} (inside a node)",
        "summary": told.partition(". ")[0].rstrip("."),
        "description": told if agency else f"{told}\n\nTaken by: {_takers(event_type)}.",
        "contentType": MEDIA_TYPE,
        "tags": [{"name": event_type.service}],
        "correlationId": {"$ref": "#/components/correlationIds/thread"},
        "payload": {
            "allOf": [
                {"$ref": "#/components/schemas/Envelope"},
                {"type": "object", "properties": {
                    "type": {"const": event_type.name},
                    "data": {"$ref": f"#/components/schemas/{schema_name(event_type, bus=not agency)}"}}},
            ],
        },
        "bindings": _message_bindings(event_type, agency),
        "examples": [{"name": "sample", "payload": sample(event_type, agency=agency)}],
    }  # fmt: skip


def _told(event_type: EventType, agency: bool) -> str:
    """What a type is, by its schema's own words; to agencies without the sentences about fields that stay at home."""
    told = " ".join((event_type.schema.__doc__ or "").split())
    if not agency:
        return told
    at_home = set(event_type.schema().fields) - {name.partition(".")[0] for name in OFFERED[event_type.name].names}
    sentences = re.split(r"(?<=\.) ", told)
    return " ".join(one for one in sentences if not at_home & set(re.findall(r"`(\w+)`", one)))


def _message_bindings(event_type: EventType, agency: bool) -> dict[str, Any]:
    amqp = {"contentEncoding": "utf-8", "messageType": event_type.name, "bindingVersion": _BINDING}
    signed = {"headers": {"$ref": "#/components/schemas/WebhookHeaders"}, "bindingVersion": _BINDING}
    return {"amqp": amqp, "http": signed} if agency else {"amqp": amqp}


def _takers(event_type: EventType) -> str:
    return ", ".join(CONSUMERS.get(event_type.name, ())) or "nobody; it stays in the event log"


def _envelope() -> dict[str, Any]:
    return {
        "type": "object",
        "description": "CloudEvents 1.0. A receiver passes over what it does not know.",
        "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence",
                     "correlationid", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {**_UUID, "description": "Of the event: what comes again has the same one"},
            "source": {"type": "string", "pattern": _SOURCE,
                       "description": "urn:shubbak:<place>:<service>:<epoch>; a restored place has a higher epoch"},
            "type": {"type": "string"},
            "subject": {**_UUID, "description": "What the event is about"},
            "time": {"type": "string", "format": "date-time", "description": "When it happened, UTC"},
            "datacontenttype": {"const": "application/json"},
            "sequence": {"type": "string", "pattern": "^[1-9][0-9]{0,18}$",
                         "description": "Counts the events of the subject; a higher one is newer"},
            "correlationid": {"type": "string", "maxLength": 200},
            "data": {"type": "object"},
        },
    }  # fmt: skip


def _cut_schema(event_type: EventType) -> dict[str, Any]:
    """What an agency may get of a type: the fields that travel, none of which has to be there."""
    cut = _cut(event_schemas.data_schema(event_type), OFFERED[event_type.name].names)
    always = cut.pop("required", [])
    return {**cut, "description": _told(event_type, agency=True), "x-always": always}


def _cut(schema: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    below: dict[str, list[str]] = {}
    for name in names:
        first, _, rest = name.partition(".")
        below.setdefault(first, []).extend([rest] if rest else [])
    properties = {name: _within(shape, below[name]) for name, shape in schema["properties"].items() if name in below}
    required = [name for name in schema.get("required", ()) if name in below]
    return {**schema, "properties": properties, "required": required}


def _within(schema: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """A field's schema cut to what travels of it; of a list, to that of each of its objects."""
    if not names:
        return dict(schema)
    if "items" in schema:
        return {**schema, "items": _within(schema["items"], names)}
    return _cut(schema, names)


_NAMES = {
    "state_name": {"ar": "مراجعة المستندات", "en": "Document review"},
    "service_name": {"ar": "ترخيص محل", "en": "Shop licence"},
    "reason": {"ar": "حلّت محلها خدمة أخرى", "en": "Another service took its place"},
}
_LINES = [{"code": "inspection", "name": {"ar": "رسم معاينة", "en": "Inspection fee"}, "account": "1201",
           "amount": 25000}]  # fmt: skip


def _value(schema: Mapping[str, Any], name: str) -> Any:
    """A value of the field; of the few that are objects without a schema of their own, one that looks like it."""
    if name == "lines":
        return _LINES
    if schema.get("type") == "object" and name in _NAMES:
        return dict(_NAMES[name])
    return examples.value(schema, name)


# -- servers, channels, operations ------------------------------------------------------------------------------------


def _servers(host: str) -> dict[str, Any]:
    return {
        "centre": {
            "host": f"{host}:5671",
            "protocol": "amqps",
            "protocolVersion": "0.9.1",
            "description": "The centre's broker, virtual host `agencies`. The client shows a certificate (SASL "
                           "EXTERNAL); its user may read its own queue and do nothing else.",
            "security": [{"$ref": "#/components/securitySchemes/certificate"}],
        },
        "agency": {
            "host": "{receiver}",
            "protocol": "https",
            "description": "The agency's own receiver, to which the platform posts",
            "variables": {"receiver": {"description": "Host of the agency's address", "default": "agency.example"}},
            "security": [{"$ref": "#/components/securitySchemes/webhookSignature"}],
        },
        "api": {
            "host": host,
            "protocol": "https",
            "pathname": "/api/v1",
            "description": "The HTTP API, described at /api/v1/openapi.json",
            "security": [{"$ref": "#/components/securitySchemes/partnerKey"}],
        },
        "node": {
            "host": "rabbitmq:5672",
            "protocol": "amqp",
            "protocolVersion": "0.9.1",
            "description": "The broker inside a node, virtual host `shubbak`. Nobody outside reaches it.",
            "security": [{"$ref": "#/components/securitySchemes/password"}],
        },
    }  # fmt: skip


def _queue(types: list[EventType]) -> dict[str, Any]:
    return {
        "address": "agency.{agency}",
        "title": "A queue of the agency's own · طابور خاص بالجهة",
        "description": "Read only. One quorum queue that holds 100,000 messages; what comes then waits in the platform "
                       "and follows when there is room. Nothing is dropped.",
        "servers": [{"$ref": "#/servers/centre"}],
        "parameters": {"agency": {"description": "The agency's code", "examples": ["civil-defence"]}},
        "messages": _messages(types),
        "bindings": {"amqp": {"is": "queue", "bindingVersion": _BINDING,
                              "queue": {"name": "agency.{agency}", "durable": True, "exclusive": False,
                                        "autoDelete": False, "vhost": "agencies"}}},
    }  # fmt: skip


def _webhook(types: list[EventType]) -> dict[str, Any]:
    return {
        "address": None,
        "title": "Signed webhooks · إرسال موقّع إلى عنوان الجهة",
        "description": "CloudEvents HTTP binding, structured or binary, signed after Standard Webhooks. Any 2xx takes "
                       "the event; otherwise it is tried again for 72 hours, and what came of it can be replayed.",
        "servers": [{"$ref": "#/servers/agency"}],
        "messages": _messages(types),
    }


def _feed(types: list[EventType]) -> dict[str, Any]:
    return {
        "address": "/agency/feed",
        "title": "A feed that is asked · قائمة تطلبها الجهة",
        "description": "Pages of events after a cursor, waiting for new ones where asked to; from any date on that is "
                       "still kept.",
        "servers": [{"$ref": "#/servers/api"}],
        "messages": _messages(types),
    }


def _bus(types: list[EventType]) -> dict[str, Any]:
    return {
        "address": "{type}",
        "title": "The bus inside a node",
        "description": "Topic exchange `events` of a node's own broker. Personal data in an event is sealed under keys "
                       "of the node. For whoever writes a service; not for agencies.",
        "servers": [{"$ref": "#/servers/node"}],
        "parameters": {"type": {"description": "The event's type is its routing key"}},
        "messages": _messages(types, bus=True),
        "bindings": {"amqp": {"is": "routingKey", "bindingVersion": _BINDING,
                              "exchange": {"name": "events", "type": "topic", "durable": True, "autoDelete": False,
                                           "vhost": "shubbak"}}},
    }  # fmt: skip


def _messages(types: list[EventType], *, bus: bool = False) -> dict[str, Any]:
    return {one.name: {"$ref": f"#/components/messages/{message_name(one, bus=bus)}"} for one in types}


_SIGNED = {
    "type": "object",
    "description": "Of a webhook's post; the binary mode adds the envelope as `ce-…`",
    "required": ["webhook-id", "webhook-timestamp", "webhook-signature"],
    "properties": {
        "webhook-id": {**_UUID, "description": "The event's id"},
        "webhook-timestamp": {"type": "string", "pattern": "^[0-9]+$",
                              "description": "Of this attempt, in seconds since 1970"},
        "webhook-signature": {"type": "string", "description": "`v1,` and base64 of HMAC-SHA-256, or `v1a,` and that "
                              "of Ed25519, over `id.timestamp.body`; several with a space between"},
    },
}  # fmt: skip


def _operations() -> dict[str, Any]:
    return {
        "sendToQueue": {
            "action": "send", "channel": {"$ref": "#/channels/agencyQueue"},
            "summary": "Put an event into the agency's queue",
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "ack": True, "bindingVersion": _BINDING}},
        },
        "postToWebhook": {
            "action": "send", "channel": {"$ref": "#/channels/agencyWebhook"},
            "summary": "Post an event to the agency's address",
            "bindings": {"http": {"method": "POST", "bindingVersion": _BINDING}},
        },
        "answerFeed": {
            "action": "send", "channel": {"$ref": "#/channels/agencyFeed"},
            "summary": "Answer the events after a cursor",
            "bindings": {"http": {"method": "GET", "bindingVersion": _BINDING}},
        },
        "publishOnBus": {
            "action": "send", "channel": {"$ref": "#/channels/bus"},
            "summary": "A service tells what happened",
            "bindings": {"amqp": {"deliveryMode": 2, "mandatory": True, "bindingVersion": _BINDING}},
        },
    }  # fmt: skip


def _security() -> dict[str, Any]:
    return {
        "certificate": {"type": "X509", "description": "A certificate of the centre's authority; its common name is "
                                                       "the broker's user"},
        "webhookSignature": {"type": "httpApiKey", "name": "webhook-signature", "in": "header",
                             "description": "Standard Webhooks 1.0.0: the receiver checks signature and time"},
        "partnerKey": {"type": "http", "scheme": "bearer", "description": "The agency's key (`shk_…`)"},
        "password": {"type": "userPassword", "description": "A user of the broker for each service"},
    }
