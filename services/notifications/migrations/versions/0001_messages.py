"""Recipients, messages, their parts and the delivery receipts still to be applied."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "notifications0001"
down_revision = None
branch_labels = ("notifications",)
depends_on = None

_moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "recipient",
        sa.Column("request_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("tracking_number", sa.Text, nullable=False),
        sa.Column("service_name", JSONB, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("contact", sa.Text),
        sa.Column("department", sa.Text),
        sa.Column("outcome", sa.Text),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("serial", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("request_id", sa.Uuid, nullable=False),
        sa.Column("cause", sa.Uuid, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("template", sa.Text, nullable=False),
        sa.Column("template_version", sa.Integer, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("address_lookup", sa.LargeBinary, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("created_at", _moment, nullable=False),
        sa.Column("expires_at", _moment, nullable=False),
        sa.Column("next_at", _moment, nullable=False),
        sa.Column("attempts", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("provider", sa.Text),
        sa.Column("parts", sa.SmallInteger),
        sa.Column("sent_at", _moment),
        sa.Column("delivered_at", _moment),
        sa.Column("error", sa.Text),
        sa.UniqueConstraint("request_id", "cause", "channel", name="message_once"),
    )
    op.create_index("message_due", "message", ["channel", "next_at", "id"],
                    postgresql_where=sa.text("state IN ('created','sending','failed_temporarily')"))
    op.create_table(
        "message_part",
        sa.Column("message_id", sa.Uuid, sa.ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.SmallInteger, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reference", sa.Integer, nullable=False),
        sa.Column("provider_message_id", sa.Text),
    )
    op.create_index("message_part_provider", "message_part", ["provider_message_id"],
                    postgresql_where=sa.text("provider_message_id IS NOT NULL"))
    op.create_index("message_part_unanswered", "message_part", ["reference"],
                    postgresql_where=sa.text("provider_message_id IS NULL"))
    op.create_table(
        "receipt",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("provider", sa.Text, nullable=False),
        sa.Column("provider_message_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("reference", sa.Integer),
        sa.Column("address_lookup", sa.LargeBinary, nullable=False),
        sa.Column("received_at", _moment, nullable=False, server_default=sa.func.clock_timestamp()),
    )
    op.create_index("receipt_received", "receipt", ["received_at"])
