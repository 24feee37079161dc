"""One-time codes."""

revision = "notifications0008"
down_revision = "notifications0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
