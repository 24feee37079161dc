"""Imported first, before anything that it patches or quiets.

eventlet makes the standard library green here and nowhere else. Known warnings of the stack are quieted here and
nowhere else: each is known, its cause is decided in docs/decisions, and left loud they would bury others.
"""

from __future__ import annotations

import os
import warnings

warnings.filterwarnings("ignore", message=r"(?s).*Eventlet is deprecated")
warnings.filterwarnings("ignore", message=r"pkg_resources is deprecated", category=UserWarning)
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"nameko(\..*)?$")
warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"smpplib(\..*)?$")

# eventlet's own resolver misbehaves; the choice is read when eventlet is imported.
os.environ.setdefault("EVENTLET_NO_GREENDNS", "yes")

import eventlet  # noqa: E402

eventlet.monkey_patch()
