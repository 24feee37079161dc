"""Days and moments that people name: of this century, so that whoever adds a day or another zone stays in the
calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

from marshmallow import validate

DAYS = validate.Range(date(2000, 1, 1), date(2100, 1, 1))
MOMENTS = validate.Range(datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))
