"""Somebody who applies page by page, without scripts; requests, which keeps drafts and documents, is played."""

from __future__ import annotations

import copy
import io
import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from chassis.ids import uuid7
from rules.refusal import refuse
from tests.unit.gateway.ground import NUMBER, Service, client_of, hidden

CODE = "shop-licence"
ENDS = "2026-12-06T08:00:00+00:00"
CITIZEN = {
    "applicant/kind": "citizen", "applicant/name": "محمود حسن", "applicant/national_id": "28503150101232",
    "applicant/phone": "٠١٠١٢٣٤٥٦٧٨", "applicant/email": "", "unit": "EG-C-01",
}  # fmt: skip
SHOP = {
    **CITIZEN, "answers/shop_name": "بقالة", "answers/activity": "retail", "answers/address": "12 شارع",
    "answers/area_m2": "45", "answers/workers": "3", "answers/tenure": "leased", "answers/notes": "",
    "documents/id_copy": "id.pdf", "documents/lease_contract": "lease.pdf", "documents/engineering_drawing": None,
}  # fmt: skip


class Keeping(Service):
    """requests keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.drafts: dict[str, dict[str, Any]] = {}
        self.answers |= {
            "requests.add_document": lambda _: {"document_id": str(uuid7()), "size": 8, "sha256": "", "media_type": ""},
            "requests.save_draft": self._save, "requests.draft": self._open, "requests.drop_draft": self._drop,
            "requests.own_drafts": {"drafts": []}, "requests.submit": {"tracking_number": NUMBER},
        }  # fmt: skip

    def _save(self, body: Any) -> dict[str, Any]:
        token = (body["token"] or f"ABCD-EFGH-JKLM-NPQR-STUV-{len(self.drafts):04d}").upper()
        if body["token"] and token not in self.drafts:
            return refuse("draft_unknown", "token")  # type: ignore[return-value]
        self.drafts[token] = copy.deepcopy({"service_code": body["service_code"], "draft": body["draft"]})
        return {"token": token, "service_code": body["service_code"], "saved_at": ENDS, "ends_at": ENDS}

    def _open(self, body: Any) -> Any:
        found = self.drafts.get(body["token"].upper())
        if found is None:
            return refuse("draft_unknown", "token")
        return {**copy.deepcopy(found), "saved_at": ENDS, "ends_at": ENDS}

    def _drop(self, body: Any) -> dict[str, Any]:
        self.drafts.pop(body["token"], None)
        return {"dropped": True}

    def sent(self, method: str) -> list[Any]:
        """What was asked of the platform under this name."""
        return [one.payload for one in self.called if one.method == method]


class Applicant:
    """One browser that fills in what it is asked."""

    def __init__(self, service: Service, code: str = CODE, lang: str = "ar", client: FlaskClient | None = None) -> None:
        self.client = client or client_of(service)
        self.path = f"/{lang}/services/{code}/apply"
        self.page: TestResponse = self.client.get(self.path)

    @property
    def at(self) -> str:
        """The page on which the applicant is: the last part of its address."""
        return str(self.page.request.path.rsplit("/", 1)[1])

    def go(self, step: str) -> TestResponse:
        self.page = self.client.get(f"{self.path}/{step}" if step else self.path, follow_redirects=True)
        return self.page

    def names(self) -> list[str]:
        """The fields that the page asks for."""
        own = re.findall(r'<(?:input|select|textarea)[^>]* name="((?:applicant|answers|documents)/[^"]+|unit)"',
                         self.page.text)  # fmt: skip
        return list(dict.fromkeys(own))

    def post(self, values: dict[str, Any], **more: str) -> TestResponse:
        """Fill in and press the button; a redirect is followed."""
        data: dict[str, Any] = {"csrf": hidden(self.page.text, "csrf"), "once": hidden(self.page.text, "once"), **more}
        for name in ("from", "account"):
            if f'name="{name}"' in self.page.text:
                data[name] = hidden(self.page.text, name)
        for name in self.names():
            value = values.get(name)
            if name.startswith("documents/"):
                if value is not None:
                    data[name] = (io.BytesIO(f"%PDF-1.4 {value}".encode()), value)
            elif value is not None:
                data[name] = value
        self.page = self.client.post(self.page.request.path, data=data, follow_redirects=True,
                                     content_type="multipart/form-data")  # fmt: skip
        return self.page

    def fill(self, values: dict[str, Any], until: str = "check", start: str = "kind") -> list[str]:
        """Fill in page after page until one is reached; answers the pages that were gone through."""
        self.go(start)
        passed = []
        while self.at != until:
            here = self.at
            assert here not in passed, f"{here} comes back: {self.page.text}"
            passed.append(here)
            self.post(values)
            assert self.page.status_code == 200, self.page.text
        return passed

    def send(self) -> TestResponse:
        """Press send on the page of the check."""
        return self.client.post(self.path + "/send", data={
            "csrf": hidden(self.page.text, "csrf"), "draft": hidden(self.page.text, "draft")})  # fmt: skip
