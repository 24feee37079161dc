"""Lanes, what holds a message back, and what a citizen chose."""

revision = "notifications0005"
down_revision = "notifications0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
