"""Keys that the whole country shares: the centre and every node have the same."""

from __future__ import annotations

from functools import lru_cache

from chassis.config import SAMPLE_PREFIX, Mode, Settings, decode_keys
from chassis.errors import ConfigurationError


def inquiry_keys(settings: Settings) -> tuple[bytes, ...]:
    """The keys of the national inquiry (rules.inquiry), newest first; none where this place takes no part in it.
    ConfigurationError for what is no key, and for a sample in production."""
    told = settings.env("KEY_INQUIRY", "") or ""
    if settings.mode is Mode.PRODUCTION and SAMPLE_PREFIX in told:
        raise ConfigurationError("SHUBBAK_KEY_INQUIRY is a sample; set a secret of your own")
    return _decoded(told)


@lru_cache(maxsize=16)
def _decoded(told: str) -> tuple[bytes, ...]:
    return decode_keys(told) if told else ()
