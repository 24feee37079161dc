"""An index for the log of reads: which searches showed a request."""

from alembic import op

revision = "requests0008"
down_revision = "requests0007"
branch_labels = None
depends_on = "chassis0001"  # the audit is the chassis's


def upgrade() -> None:
    op.execute(
        "CREATE INDEX audit_found ON audit USING gin ((details -> 'requests')) WHERE action = 'request.find'"
    )
