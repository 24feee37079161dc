"""The second factor of a log-in: codes of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 seconds) and codes on
paper that stand in for it.

The secret is sealed; a code is taken once, a step earlier or later than the clock says, and never one of a step that
was taken before (RFC 6238, 5.2). Of the codes on paper the SHA-256 is kept: each holds 80 random bits.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Any
from uuid import UUID

import pyotp
from sqlalchemy import bindparam, delete, func, select, update

from chassis.database import Statement
from rules.arabic import western_digits
from rules.refusal import refuse
from services.gateway.tables_access import recovery_code, second_factor

SECRET = "gateway.second_factor"  # noqa: S105  (the name of a field)
STEP = 30
DRIFT = 1
"""Steps a telephone's clock may be off, either way."""
PAPER_CODES = 10
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # none that is read as another
_APP_CODE = re.compile(r"[0-9]{6}")

_FACTOR = Statement(select(second_factor).where(second_factor.c.account_id == bindparam("owner")))
_ADD = Statement.insert(second_factor, "account_id", "secret", "last_step", "set_up_at")
_TAKEN = Statement(
    update(second_factor)
    .where(second_factor.c.account_id == bindparam("owner"), second_factor.c.last_step < bindparam("step"))
    .values(last_step=bindparam("step"))
)
_DROP = Statement(delete(second_factor).where(second_factor.c.account_id == bindparam("owner")))
_ADD_CODE = Statement.insert(recovery_code, "account_id", "code_hash")
_USED = Statement(
    update(recovery_code)
    .where(
        recovery_code.c.account_id == bindparam("owner"),
        recovery_code.c.code_hash == bindparam("hashed"),
        recovery_code.c.used_at.is_(None),
    )
    .values(used_at=bindparam("at"))
)
_CODE = Statement(
    select(recovery_code.c.used_at).where(
        recovery_code.c.account_id == bindparam("owner"), recovery_code.c.code_hash == bindparam("hashed")
    )
)
_LEFT = Statement(
    select(func.count()).select_from(recovery_code).where(
        recovery_code.c.account_id == bindparam("owner"), recovery_code.c.used_at.is_(None)
    )
)
_DROP_CODES = Statement(delete(recovery_code).where(recovery_code.c.account_id == bindparam("owner")))


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return pyotp.random_base32()


def address_of(secret: str, username: str, issuer: str) -> str:
    """What the QR code of an enrolment says (otpauth://totp/…)."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


def state(work: Any, account_id: UUID) -> dict[str, Any]:
    """{set_up_at, codes_left} of an account; set_up_at is None without a second factor."""
    row = work.first(_FACTOR, owner=account_id)
    left = int(work.scalar(_LEFT, owner=account_id) or 0) if row else 0
    return {"set_up_at": row.set_up_at.isoformat() if row else None, "codes_left": left}


def exists(work: Any, account_id: UUID) -> bool:
    """Whether the account has a second factor."""
    return work.first(_FACTOR, owner=account_id) is not None


def set_up(work: Any, account_id: UUID, secret: str, code: str) -> list[str]:
    """Begin to demand codes of this secret, once a first code proves that the app has it; answers the codes on paper,
    which nobody can read again. What was set up before is void. Refuses second_factor_wrong."""
    step = _step_of(secret, code, work.now.timestamp(), since=0)
    if step is None:
        raise refuse("second_factor_wrong", "code")
    work.write(_DROP, owner=account_id)
    work.write(_ADD, account_id=account_id, secret=work.privacy.seal(secret, field=SECRET), last_step=step,
               set_up_at=work.now)  # fmt: skip
    work.audit("account.second_factor_set_up", str(account_id))
    return renew_codes(work, account_id)


def renew_codes(work: Any, account_id: UUID) -> list[str]:
    """New codes on paper; the old ones are void."""
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(16)) for _ in range(PAPER_CODES)]
    work.write(_DROP_CODES, owner=account_id)
    for code in codes:
        work.write(_ADD_CODE, account_id=account_id, code_hash=_hash(account_id, code))
    work.audit("account.recovery_codes_made", str(account_id))
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


def check(work: Any, account_id: UUID, code: str) -> str | None:
    """Take a code of the app (`totp`) or one on paper (`recovery`), which counts once: which of them it was, or None
    where it holds not. A code of the app that was taken before is none."""
    typed = re.sub(r"[\s-]", "", western_digits(code)).upper()
    row = work.first(_FACTOR, owner=account_id)
    if row is None:
        return None
    if _APP_CODE.fullmatch(typed):
        secret = work.privacy.open(row.secret, field=SECRET)
        step = _step_of(secret, typed, work.now.timestamp(), since=row.last_step + 1)
        if step is None:
            return None
        work.write(_TAKEN, expect=1, owner=account_id, step=step)
        return "totp"
    if not re.fullmatch(r"[A-Z2-9]{16}", typed):
        return None
    hashed = _hash(account_id, typed)
    known = work.first(_CODE, owner=account_id, hashed=hashed)
    if known is None or known.used_at is not None:
        return None
    work.write(_USED, expect=1, owner=account_id, hashed=hashed, at=work.now)
    work.audit("account.recovery_code_used", str(account_id))
    return "recovery"


def drop(work: Any, account_id: UUID) -> None:
    """Demand no code any more, until the account sets one up again."""
    work.write(_DROP_CODES, owner=account_id)
    work.write(_DROP, owner=account_id)


def _step_of(secret: str, code: str, now: float, *, since: int) -> int | None:
    """The time step that this code is of, at or after `since` and near now; None when it is of none."""
    app, middle = pyotp.TOTP(secret), int(now) // STEP
    typed = re.sub(r"\s", "", western_digits(code)).encode()
    found = None
    for step in range(middle - DRIFT, middle + DRIFT + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), typed) and step >= since and found is None:
            found = step
    return found


def _hash(account_id: UUID, code: str) -> bytes:
    return hashlib.sha256(account_id.bytes + code.encode()).digest()
