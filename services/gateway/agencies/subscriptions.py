"""Subscriptions: one stream that an agency takes, by webhook, by AMQP or by asking (feed), and what one does with it.

Operators do it with `agency.manage`; an agency's own program pauses, resumes, replays and tests its own with the scope
`subscription.own`. Every act is one row of the audit.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.config import Mode, Settings
from chassis.database import Statement
from chassis.errors import ConfigurationError
from rules import webhook, webhook_address
from rules.calendar import cairo_date
from rules.refusal import Fault, Refusal, refuse
from services.gateway.agencies import agreements, feed, registry
from services.gateway.agencies.terms import BINARY, STRUCTURED, Terms
from services.gateway.tables_agencies import subscription, subscription_progress

OWN = "subscription.own"
WEBHOOK, AMQP, FEED = "webhook", "amqp", "feed"
WAYS = (WEBHOOK, AMQP, FEED)
MODES = (STRUCTURED, BINARY)
HMAC, ED25519 = "hmac", "ed25519"
SIGNINGS = (HMAC, ED25519)
ACTIVE, PAUSED, ENDED = "active", "paused", "ended"
AT_ONCE, MOST_AT_ONCE = 8, 64
MOST_OVERLAP_HOURS = 14 * 24
SECRET = "gateway.subscription.secret"  # noqa: S105  (the field's name)

# A subscription with its agreement: what terms.Terms is made from.
COLUMNS = ("s.*, a.events AS agreed_events, a.services AS agreed_services, a.governorates AS agreed_governorates, "
           "a.fields, a.valid_from, a.valid_until, a.ended_at AS agreement_ended_at, a.reference, "
           "a.version AS agreement_version, g.code AS agency_code, g.closed_at AS agency_closed_at")  # fmt: skip
JOINED = (f"SELECT {COLUMNS} FROM subscription AS s JOIN agreement AS a ON a.id = s.agreement_id "  # noqa: S608
          "JOIN agency AS g ON g.id = s.agency_id")  # fmt: skip
_ONE = Statement(text(f"{JOINED} WHERE s.id = :subscription_id"))
_OF_AGENCY = Statement(text(
    f"{JOINED} WHERE CAST(:agency_id AS uuid) IS NULL OR s.agency_id = :agency_id "
    "ORDER BY s.state = 'ended', g.code, s.made_at, s.id LIMIT 500"
))  # fmt: skip
_ADD = Statement.insert(subscription, "id", "agency_id", "agreement_id", "name", "way", "events", "services",
                        "governorates", "endpoint", "mode", "signing", "secret", "public_key", "at_once", "state",
                        "state_at", "state_by", "made_at", "made_by", "version")  # fmt: skip
_PROGRESS = Statement.insert(subscription_progress, "subscription_id", "position", "moves", "delivered", "failed",
                             "failures")  # fmt: skip
_CHANGE = Statement(text(
    "UPDATE subscription SET name = :name, agreement_id = :agreement_id, events = CAST(:events AS text[]), "
    "services = CAST(:services AS text[]), governorates = CAST(:governorates AS text[]), endpoint = :endpoint, "
    "mode = :mode, at_once = :at_once, version = version + 1 WHERE id = :subscription_id AND version = :seen"
))  # fmt: skip
_STATE = Statement(text(
    "UPDATE subscription SET state = :state, state_at = :at, state_by = :by, state_because = :reason, "
    "version = version + 1 WHERE id = :subscription_id AND version = :seen"
))  # fmt: skip
_SECRET = Statement(text(
    "UPDATE subscription SET secret = :secret, public_key = :public_key, signing = :signing, former_secret = :former, "
    "former_until = :until, version = version + 1 WHERE id = :subscription_id AND version = :seen"
))  # fmt: skip
# Whatever waits or failed beyond the place is taken up by the replay itself; a dead letter before it stays one.
_MOVE = Statement(text(
    "UPDATE subscription_progress SET position = :position, moves = moves + 1, failures = 0, open_until = NULL "
    "WHERE subscription_id = :subscription_id"
))  # fmt: skip
_BEYOND = Statement(text("DELETE FROM delivery WHERE subscription_id = :subscription_id AND position > :position"))
_CLOSED = Statement(text(
    "UPDATE subscription_progress SET failures = 0, open_until = NULL WHERE subscription_id = :subscription_id"))
_BY_AMQP = Statement(text(
    "SELECT 1 FROM subscription WHERE agency_id = :agency_id AND way = 'amqp' AND state <> 'ended' LIMIT 1"))
_UNKEPT = Statement(text("DELETE FROM delivery WHERE subscription_id = :subscription_id"))


def subscribe(work: Any, agency_id: UUID, body: Mapping[str, Any], subscription_id: UUID) -> dict[str, Any]:
    """A new subscription of {agreement_id, name, way, events, services, governorates, since} and, of a webhook,
    {endpoint, mode, signing, at_once}: as `shown`, with `secret` (a webhook by HMAC), which nobody can read again. It
    begins with what arrives from now on, or from `since`. Refuses agency_unknown, agency_closed, agreement_unknown,
    agreement_over, subscription_*_invalid, subscription_amqp_stands, webhook_url_*, replay_date_invalid, all at once.

    An agency has one queue, and so one subscription by AMQP: nobody could tell in it what is of which agreement, and it
    goes with the agreement's end."""
    registry.may(work, registry.MANAGE)
    registry.standing(work, agency_id)
    agreed = agreements.one(work, agency_id, body["agreement_id"])
    if not agreements.holds(agreed, max(cairo_date(work.now), agreed.valid_from)):
        raise refuse("agreement_over", "agreement_id")
    way = body["way"]
    name, chosen, faults = _judged(work, body, agreed)
    of_webhook = way == WEBHOOK
    if of_webhook:
        faults += _of_webhook(work.settings, body)
    if way == AMQP and work.first(_BY_AMQP, agency_id=agency_id) is not None:
        faults.append(Fault("subscription_amqp_stands", "way"))
    since = body.get("since")
    if since is not None and not may_begin(work, agreed.valid_from, since):
        faults.append(Fault("replay_date_invalid", "since"))
    if faults:
        raise Refusal(faults)
    secret, public = _new_secret(body.get("signing") or HMAC) if of_webhook else (None, None)
    work.write(
        _ADD, id=subscription_id, agency_id=agency_id, agreement_id=agreed.id, name=name, way=way, **chosen,
        endpoint=body["endpoint"] if of_webhook else None,
        mode=(body.get("mode") or STRUCTURED) if of_webhook else None,
        signing=(body.get("signing") or HMAC) if of_webhook else None,
        secret=work.privacy.seal(secret, field=SECRET) if secret else None, public_key=public,
        at_once=body.get("at_once") or AT_ONCE, state=ACTIVE, state_at=work.now, state_by=work.actor.id,
        made_at=work.now, made_by=work.actor.id, version=1)  # fmt: skip
    begins = feed.head(work) if since is None else feed.position_at(work, since)
    work.write(_PROGRESS, subscription_id=subscription_id, position=begins, moves=0, delivered=0, failed=0, failures=0)
    work.audit("subscription.made", str(subscription_id), agency=str(agency_id), agreement=str(agreed.id), way=way,
               host=_host(body.get("endpoint")), **chosen)  # fmt: skip
    return {"subscription_id": str(subscription_id), "agency_id": str(agency_id), "agreement_id": str(agreed.id),
            "name": name, "way": way, "state": ACTIVE, "public_key": public, "version": 1,
            "secret": secret if public is None else None, "secret_mark": mark_of(secret)}  # fmt: skip


def change(work: Any, subscription_id: UUID, body: Mapping[str, Any]) -> dict[str, Any]:
    """Another name, agreement, filter or receiver; what is not said stays. Refuses as `subscribe` does, and
    subscription_ended."""
    registry.may(work, registry.MANAGE)
    row = standing(work, subscription_id)
    told = {**{name: getattr(row, name) for name in ("name", "agreement_id", "events", "services", "governorates",
                                                     "endpoint", "mode", "at_once")}, **body}  # fmt: skip
    agreed = agreements.one(work, row.agency_id, told["agreement_id"])
    name, chosen, faults = _judged(work, told, agreed)
    if row.way == WEBHOOK:
        faults += _of_webhook(work.settings, told)
    if faults:
        raise Refusal(faults)
    work.write(_CHANGE, expect=1, subscription_id=subscription_id, name=name, agreement_id=agreed.id, **chosen,
               endpoint=told["endpoint"], mode=told["mode"], at_once=told["at_once"], seen=row.version)  # fmt: skip
    work.audit("subscription.changed", str(subscription_id), agreement=str(agreed.id), host=_host(told["endpoint"]),
               **chosen)  # fmt: skip
    return {"subscription_id": str(subscription_id), "state": row.state, "version": row.version + 1}


def pause(work: Any, subscription_id: UUID, reason: str, *, by_itself: bool = False) -> dict[str, Any]:
    """Hand nothing over until it is resumed; nothing is lost meanwhile. Refuses reason_short, subscription_ended."""
    row = _theirs(work, subscription_id, by_itself=by_itself)
    if row.state == PAUSED:
        return _moved(row, row.state, 0)
    return _to(work, row, PAUSED, registry.long_enough(reason))


def resume(work: Any, subscription_id: UUID) -> dict[str, Any]:
    """Go on from where it was; a circuit that was open is closed. Refuses subscription_ended."""
    row = _theirs(work, subscription_id)
    work.write(_CLOSED, subscription_id=subscription_id)
    return _moved(row, row.state, 0) if row.state == ACTIVE else _to(work, row, ACTIVE, None)


def end(work: Any, subscription_id: UUID, reason: str) -> dict[str, Any]:
    """End it for good; what waits for delivery is dropped with it. One that has ended stays as it is. Refuses
    reason_short."""
    registry.may(work, registry.MANAGE)
    told = registry.long_enough(reason)
    row = one(work, subscription_id)
    if row.state == ENDED:
        return _moved(row, ENDED, 0)
    work.write(_UNKEPT, subscription_id=subscription_id)
    return _to(work, row, ENDED, told)


def rotate(work: Any, subscription_id: UUID, overlap: timedelta | None = None,
           signing: str | None = None) -> dict[str, Any]:
    """A new secret or key, perhaps of the other kind; the former one signs beside it for `overlap` (a day). Answers
    {subscription_id, signing, secret, public_key, former_until}; the secret is shown this once. Refuses
    subscription_way_differs, webhook_overlap."""
    row = _theirs(work, subscription_id)
    if row.way != WEBHOOK:
        raise refuse("subscription_way_differs")
    kept = webhook.OVERLAP if overlap is None else overlap
    if not timedelta() <= kept <= timedelta(hours=MOST_OVERLAP_HOURS):
        raise refuse("webhook_overlap", "overlap_hours", most=MOST_OVERLAP_HOURS)
    kind = signing or row.signing
    secret, public = _new_secret(kind)
    until = work.now + kept
    work.write(_SECRET, expect=1, subscription_id=subscription_id, secret=work.privacy.seal(secret, field=SECRET),
               public_key=public, signing=kind, former=row.secret, until=until, seen=row.version)  # fmt: skip
    work.audit("subscription.rotated", str(subscription_id), signing=kind, former_until=until.isoformat())
    return {"subscription_id": str(subscription_id), "signing": kind, "secret": secret if public is None else None,
            "public_key": public, "former_until": until.isoformat(), "secret_mark": mark_of(secret)}  # fmt: skip


def replay(work: Any, subscription_id: UUID, since: datetime) -> dict[str, Any]:
    """Hand over again everything that arrived from a moment on, under the same ids. Refuses replay_date_invalid
    before the agreement's first day, subscription_ended."""
    row = _theirs(work, subscription_id)
    if not may_begin(work, row.valid_from, since):
        raise refuse("replay_date_invalid", "since")
    position = feed.position_at(work, since)
    work.write(_BEYOND, subscription_id=subscription_id, position=position)
    work.write(_MOVE, expect=1, subscription_id=subscription_id, position=position)
    work.audit("subscription.replayed", str(subscription_id), since=since.isoformat())
    return {"subscription_id": str(subscription_id), "since": since.isoformat()}


def every(work: Any, agency_id: UUID | None = None) -> list[dict[str, Any]]:
    """Subscriptions of one agency or of all, as `shown`; at most 500."""
    registry.may(work, registry.READ)
    return [shown(row) for row in rows(work, agency_id)]


def rows(work: Any, agency_id: UUID | None = None) -> list[Any]:
    """Their rows with their agreements, those that have ended last. Refuses agency_unknown."""
    if agency_id is not None:
        registry.one(work, agency_id)
    return list(work.all(_OF_AGENCY, agency_id=agency_id))


def one(work: Any, subscription_id: UUID) -> Any:
    """The row with its agreement. Refuses subscription_unknown; to an agency's key also of another's subscription."""
    row = work.first(_ONE, subscription_id=subscription_id)
    if row is None or (work.actor.kind == "partner" and registry.own(work).id != row.agency_id):
        raise refuse("subscription_unknown")
    return row


def standing(work: Any, subscription_id: UUID) -> Any:
    """The row of one that has not ended. Refuses subscription_unknown, subscription_ended."""
    row = one(work, subscription_id)
    if row.state == ENDED:
        raise refuse("subscription_ended")
    return row


def shown(row: Any) -> dict[str, Any]:
    """A subscription as operators and its agency see it; no secret."""
    return {
        "subscription_id": str(row.id), "agency_id": str(row.agency_id), "agency": row.agency_code,
        "agreement_id": str(row.agreement_id), "agreement": row.reference, "name": row.name, "way": row.way,
        "events": _listed(row.events), "services": _listed(row.services), "governorates": _listed(row.governorates),
        "endpoint": row.endpoint, "mode": row.mode, "signing": row.signing, "public_key": row.public_key,
        "former_until": row.former_until.isoformat() if row.former_until else None, "at_once": row.at_once,
        "state": row.state, "state_at": row.state_at.isoformat(), "state_by": row.state_by,
        "state_because": row.state_because, "made_at": row.made_at.isoformat(), "made_by": row.made_by,
        "tested_at": row.tested_at.isoformat() if row.tested_at else None, "tested": row.tested,
        "agreement_until": row.valid_until.isoformat(), "version": row.version,
    }  # fmt: skip


def terms_of(row: Any) -> Terms:
    """What the subscription may have."""
    return Terms(row)


def signer_of(work: Any, row: Any) -> webhook.Signer:
    """What signs its deliveries now: the secret, and the former one while it counts."""
    sealed = [row.secret]
    if row.former_secret is not None and row.former_until > work.now:
        sealed.append(row.former_secret)
    return webhook.Signer([work.privacy.open(one, field=SECRET) for one in sealed])


def mark_of(secret: str | None) -> str | None:
    """By what a secret is told from another without being shown: the beginning of its SHA-256."""
    return None if secret is None else hashlib.sha256(secret.encode()).hexdigest()[:12]


def let_in(settings: Settings) -> tuple[webhook_address.Network, ...]:
    """Networks that webhooks may go to although they are not public (WEBHOOK_NETWORKS). Loopback and link-local ones
    only in demo and training. Raises ConfigurationError."""
    try:
        found = webhook_address.networks(settings.env("WEBHOOK_NETWORKS", "") or "")
    except ValueError as error:
        raise ConfigurationError("SHUBBAK_WEBHOOK_NETWORKS must be networks such as 10.20.0.0/16, comma between") \
            from error
    if settings.mode is Mode.PRODUCTION and any(one.is_loopback or one.is_link_local or one.prefixlen == 0
                                                for one in found):
        raise ConfigurationError("SHUBBAK_WEBHOOK_NETWORKS may name no loopback, no link-local and no whole network")
    return found


def _judged(work: Any, body: Mapping[str, Any], agreed: Any) -> tuple[str, dict[str, Any], list[Fault]]:
    """Name and filter, and what is wrong with them."""
    name = " ".join(body["name"].split())
    chosen = {kind: list(dict.fromkeys(body.get(kind) or ())) or None
              for kind in ("events", "services", "governorates")}  # fmt: skip
    faults = []
    if not 3 <= len(name) <= 120 or "\x00" in name:
        faults.append(Fault("subscription_name_invalid", "name"))
    for kind, values in chosen.items():
        allowed = getattr(agreed, kind)
        beyond = [one for one in values or () if allowed is not None and one not in allowed]
        if beyond:
            faults.append(Fault("subscription_filter_invalid", kind, {"values": ", ".join(beyond)}))
    if not 1 <= (body.get("at_once") or AT_ONCE) <= MOST_AT_ONCE:
        faults.append(Fault("at_once_invalid", "at_once", {"most": MOST_AT_ONCE}))
    return name, chosen, faults


def _of_webhook(settings: Settings, body: Mapping[str, Any]) -> list[Fault]:
    fault = webhook_address.url_fault(body.get("endpoint") or "", let_in(settings),
                                      plain=settings.mode is not Mode.PRODUCTION)
    return [Fault(fault, "endpoint")] if fault else []


def may_begin(work: Any, first_day: Any, since: datetime) -> bool:
    """Whether events may be handed over from a moment on: within the agreement, and not in the future."""
    return first_day <= cairo_date(since) and since <= work.now


def _new_secret(signing: str) -> tuple[str, str | None]:
    """What signs, and the public key of a pair."""
    raw = secrets.token_bytes(webhook.SECRET_BYTES)
    if signing == HMAC:
        return webhook.secret_text(raw), None
    private = webhook.private_text(raw)
    return private, webhook.public_text(private)


def _theirs(work: Any, subscription_id: UUID, *, by_itself: bool = False) -> Any:
    """The row, for an operator or the agency itself; `by_itself` for the platform's own acts."""
    if not by_itself and work.actor.kind != "partner":
        registry.may(work, registry.MANAGE)
    return standing(work, subscription_id)


def _to(work: Any, row: Any, state: str, reason: str | None) -> dict[str, Any]:
    work.write(_STATE, expect=1, subscription_id=row.id, state=state, at=work.now, by=work.actor.id, reason=reason,
               seen=row.version)  # fmt: skip
    work.audit(f"subscription.{state}", str(row.id), reason=reason)
    return _moved(row, state, 1)


def _moved(row: Any, state: str, more: int) -> dict[str, Any]:
    return {"subscription_id": str(row.id), "state": state, "version": row.version + more}


def _listed(given: Sequence[str] | None) -> list[str] | None:
    return None if given is None else list(given)


def _host(endpoint: str | None) -> str | None:
    """Where it goes, for the audit: what stands behind the host may be a secret of the receiver."""
    return None if not endpoint else endpoint.partition("://")[2].partition("/")[0]
