"""Statements that come over the wire, and what they need to be quick."""

revision = "payments0009"
down_revision = "payments0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
