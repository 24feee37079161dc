"""In which language and on which screen a journey is made: both languages and both sizes in every run, and all four
together in the long one."""

from __future__ import annotations

import pytest

WAYS = pytest.mark.parametrize(("device", "lang"), [
    ("phone", "ar"), ("desktop", "en"),
    pytest.param("phone", "en", marks=pytest.mark.slow), pytest.param("desktop", "ar", marks=pytest.mark.slow),
])  # fmt: skip
