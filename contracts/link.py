"""The published language of the line itself: what both ends count, and why a message takes no effect."""

from __future__ import annotations

from marshmallow import fields

from contracts.events import EventSchema, event


class LineCounted(EventSchema):
    """How many facts of each Cairo day the sender has put into the stream before this, in this epoch, by day and type;
    of the days that were over. Whoever applies it has applied exactly those."""

    days = fields.Dict(keys=fields.Date(), values=fields.Dict(keys=fields.String(), values=fields.Integer()),
                       required=True)


COUNTED = event("gateway.line.counted.v1", LineCounted)

# Genuine messages that take no effect keep their place in the stream; the rest have none (rules.link.Reason).
WITHOUT_EFFECT = ("message_unreadable", "type_unknown", "version_unknown", "schema_violated", "not_applied",
                  "known_already")
NOT_GENUINE = ("sender_wrong", "message_malformed", "body_too_large", "epoch_unknown", "key_unknown", "key_not_yet",
               "key_revoked", "signature_bad", "content_differs")
# Genuine, and without a place for ever: what stood before it was lost with its sender.
EPOCH_OVER = "epoch_over"
REASONS = (*WITHOUT_EFFECT, *NOT_GENUINE, EPOCH_OVER)
"""Why a message is parked. `known_already`, a fact that came before under another number, waits for nobody."""
