"""Which account a request was lodged from."""

revision = "requests0015"
down_revision = "requests0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass
