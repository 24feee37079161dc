"""Messages to many citizens at once."""

revision = "notifications0007"
down_revision = "notifications0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
