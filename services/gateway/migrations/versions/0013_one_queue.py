"""An agency has one queue, and so one subscription by AMQP. Where it has several the oldest that is active goes on,
or the oldest where none is, and the others are ended, as a person ends one: what waits for their delivery goes. What
they asked for beyond its filter somebody adds to that, and they say so."""

from alembic import op

revision = "gateway0013"
down_revision = "gateway0012"
branch_labels = None
depends_on = None

REASON = "للجهة طابور واحد، فيبقى عليه أقدم اشتراكاتها السارية؛ وما كان هذا يأخذه زيادة عنه يُضاف إلى ذلك الاشتراك"

ENDED = f"""
WITH ended AS (
  UPDATE subscription AS s SET state = 'ended', state_at = now(), state_by = 'service:gateway',
         state_because = '{REASON}', version = version + 1
   WHERE s.way = 'amqp' AND s.state <> 'ended' AND EXISTS (
         SELECT 1 FROM subscription AS o WHERE o.agency_id = s.agency_id AND o.way = 'amqp' AND o.state <> 'ended'
            AND (o.state <> 'active', o.made_at, o.id) < (s.state <> 'active', s.made_at, s.id))
  RETURNING s.id)
DELETE FROM delivery USING ended WHERE delivery.subscription_id = ended.id
"""  # noqa: S608  (a constant of this module)


def upgrade() -> None:
    op.execute(ENDED)
    op.execute("CREATE UNIQUE INDEX subscription_amqp ON subscription (agency_id) "
               "WHERE way = 'amqp' AND state <> 'ended'")


def downgrade() -> None:
    op.execute("DROP INDEX subscription_amqp")
