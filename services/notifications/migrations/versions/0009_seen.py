"""What was sent and delivered, counted by day."""

revision = "notifications0009"
down_revision = "notifications0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
