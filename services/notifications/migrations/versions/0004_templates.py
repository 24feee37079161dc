"""Wordings that people write and review."""

revision = "notifications0004"
down_revision = "notifications0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
