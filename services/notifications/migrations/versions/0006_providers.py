"""Providers of a channel: their shares, and how these came about."""

revision = "notifications0006"
down_revision = "notifications0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
