"""Proposals: whatever changes the guide or the organisation is written by one person and approved by others before it
counts. This module says what a proposal and a kind of proposal are; `review.py` takes a proposal through its life.

    draft → in_review → approved
      ↑ amend   ↓ return
      returned ─┘            withdrawn: from draft, in_review or returned
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from chassis.uow import UnitOfWork
from rules.refusal import Fault

DRAFT, IN_REVIEW, RETURNED, APPROVED, WITHDRAWN = "draft", "in_review", "returned", "approved", "withdrawn"
STATES = (DRAFT, IN_REVIEW, RETURNED, APPROVED, WITHDRAWN)
WRITABLE = (DRAFT, RETURNED)
OPEN = (DRAFT, IN_REVIEW, RETURNED)


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's yes to exactly the body that is in review."""

    permission: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal as it stands. `version` counts every change of it; `round` counts how often it was submitted,
    `approvals` are those of the present round. `based_on`: the version of its subject that its author started from."""

    id: UUID
    version: int
    kind: str
    subject: str
    body: Mapping[str, Any]
    effective_from: date | None
    based_on: int | None
    state: str
    round: int
    author: str
    editors: tuple[str, ...]
    created_at: datetime
    changed_at: datetime
    decided_at: datetime | None
    remark: str | None
    approvals: tuple[Approval, ...]

    def written_by(self, person: str) -> bool:
        """Whether the person wrote any of it, and so may not approve it."""
        return person == self.author or person in self.editors


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of proposal. All functions are given a body that may be anything a person wrote: `subject` and
    `difference` never refuse, `check` tells every fault; `apply` runs in the deciding commit, after `check` found none,
    and its answer is part of the decision's. `standing` tells the version of a subject that stands now (0: none), so
    that a proposal written against an older one is found out; without it nobody asks. `closed` tells why this node
    takes none of this kind, or None. `keep` gives the body as it is kept, personal data sealed; it is called
    before `check` and before anything is written, changes nothing in what it gave before, and where it refuses tells
    all other faults too."""

    code: str  # definition | retirement | adoption | organisation
    propose: str  # permission to write one
    approvals: tuple[str, ...]  # permissions; each approval by a different person, none of whom wrote any of it
    subject: Callable[[Mapping[str, Any]], str]  # what it is about: a service's code …
    check: Callable[[UnitOfWork, Mapping[str, Any], date | None], list[Fault]]
    apply: Callable[[UnitOfWork, Proposal], dict[str, Any]]
    difference: Callable[[UnitOfWork, Mapping[str, Any]], list[dict[str, Any]]]
    standing: Callable[[UnitOfWork, str], int] | None = None
    closed: Callable[[UnitOfWork], Fault | None] | None = None
    keep: Callable[[UnitOfWork, Mapping[str, Any], date | None], dict[str, Any]] | None = None
    read: str = "proposal.read"  # permission to read one of this kind
