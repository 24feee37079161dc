"""Bills, refunds and books as an auditor wants them."""

revision = "payments0008"
down_revision = "payments0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
