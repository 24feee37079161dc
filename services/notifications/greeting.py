"""By what name a citizen is greeted. Pure.

Anybody may lodge a request and give another's phone or mailbox with it. The name is the one text of theirs that our
messages carry, so what leads somewhere, or is no name, is left out: nobody sends strangers a link or a number to call
in our name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rules.arabic import western_digits

LONGEST = 100
# An address of the web or of mail, as phones and mailboxes make links of: a scheme, a slash, an at sign, or a full
# stop before Latin letters. "م.أحمد" is none.
_LEADS = re.compile(r"[/\\@:]|[^\W_]\.[A-Za-z]{2}|www\b|xn--", re.IGNORECASE)
_CALLS = re.compile(r"(?:[0-9][\s().+-]*){7}")


def name_of(contact: Mapping[str, Any]) -> str | None:
    """The name in a contact, or None where there is none to greet by."""
    name = " ".join((contact.get("name") or "").split())
    if not name or len(name) > LONGEST or _LEADS.search(name) or _CALLS.search(western_digits(name)):
        return None
    return name
