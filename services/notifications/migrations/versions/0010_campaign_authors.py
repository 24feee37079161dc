"""Everybody who had a hand in a campaign is known, so that none of them approves it."""

from alembic import op

revision = "notifications0010"
down_revision = "notifications0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE campaign ADD COLUMN authors text[] NOT NULL DEFAULT '{}';
        UPDATE campaign SET authors = ARRAY[written_by];
        ALTER TABLE campaign DROP CONSTRAINT campaign_four_eyes;
        ALTER TABLE campaign ADD CONSTRAINT campaign_four_eyes CHECK
          (approved_by <> written_by AND approved_by <> submitted_by AND approved_by <> ALL (authors));
    """)
