"""Requests, their steps, tasks and documents, licences, and the guide's versions."""

from alembic import op

from services.requests.tables import metadata

revision = "requests0001"
down_revision = None
branch_labels = ("requests",)
depends_on = ("chassis0001",)


def upgrade() -> None:
    metadata.create_all(op.get_bind())
