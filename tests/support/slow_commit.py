"""A piece of work so slow that something else happens between its reading and its writing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.requests_ground import Ground


@contextmanager
def before_the_first_commit(ground: Ground, happen: Callable[[], object]) -> Iterator[None]:
    """`happen` is called once, when the first unit of work made in here is about to be committed."""
    unit, slow = ground.unit_of_work, []

    def late(*given: Any) -> Any:
        work = unit(*given)
        if not slow:
            slow.append(work)
            commit = work.commit

            def after_it_happened() -> None:
                happen()
                commit()

            work.commit = after_it_happened  # type: ignore[method-assign]
        return work

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ground, "unit_of_work", late)
        yield
    assert slow, "nothing was done in here"
