"""Accounts of citizens."""

revision = "gateway0004"
down_revision = "gateway0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
