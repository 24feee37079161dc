"""What was sent and delivered, counted by day; the messages that are there already are counted once."""

from alembic import op

revision = "notifications0009"
down_revision = "notifications0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE message_delta (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  day date NOT NULL,
  channel text NOT NULL,
  provider text NOT NULL,
  template text NOT NULL,
  unit text NOT NULL,
  lane smallint NOT NULL,
  state text NOT NULL,
  step smallint NOT NULL,
  messages integer NOT NULL,
  parts integer NOT NULL,
  price bigint NOT NULL
);
CREATE TABLE message_day (
  dimension text NOT NULL CHECK (dimension IN ('provider', 'template', 'unit', 'lane')),
  day date NOT NULL,
  channel text NOT NULL,
  key text NOT NULL,
  state text NOT NULL,
  step smallint NOT NULL,
  messages bigint NOT NULL,
  parts bigint NOT NULL,
  price bigint NOT NULL,
  PRIMARY KEY (dimension, day, channel, key, state, step)
);
CREATE INDEX message_day_of ON message_day (dimension, day);
CREATE INDEX recipient_number ON recipient (tracking_number);
CREATE INDEX message_to ON message (address_lookup, id) WHERE address_lookup IS NOT NULL;
"""

# Left to the first fold: messages from before this version go the way of all others. How long they took is told only
# where it is known; what stood in between is not.
COUNTED = """
INSERT INTO message_delta (day, channel, provider, template, unit, lane, state, step, messages, parts, price)
SELECT (m.created_at AT TIME ZONE 'Africa/Cairo')::date, m.channel, CASE WHEN told.state = 'created' THEN ''
         ELSE coalesce(m.provider, '') END, m.template, coalesce(m.unit, ''), m.lane, told.state,
       CASE WHEN told.seconds IS NULL THEN -1 WHEN told.seconds <= 0.1 THEN 0
            ELSE ceil(ln(told.seconds / 0.1) / ln(1.2) - 1e-9) END::smallint,
       1, CASE WHEN told.state = 'sent' THEN coalesce(m.parts, 0) ELSE 0 END, 0
FROM message m CROSS JOIN LATERAL (VALUES
  ('created', NULL::double precision, true),
  ('sent', extract(epoch FROM m.sent_at - m.created_at)::double precision, m.sent_at IS NOT NULL),
  ('delivered', extract(epoch FROM m.delivered_at - m.created_at)::double precision, m.delivered_at IS NOT NULL),
  ('failed', NULL, m.state = 'failed'), ('expired', NULL, m.state = 'expired')) AS told (state, seconds, was)
WHERE told.was;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(COUNTED)
