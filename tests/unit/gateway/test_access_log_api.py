"""The door of the log of reads: the digits in a header, a page in the address."""

from __future__ import annotations

from tests.unit.gateway.ground import Service, client_of

NUMBER = "01-26-21263991-J"
ENTRY = {"at": "2026-03-01T08:00:00+00:00", "act": "file.read", "act_name": {"ar": "ملف", "en": "file"},
         "identifies": False, "role": "officer", "role_name": {"ar": "موظف", "en": "Officer"}, "department": None,
         "department_name": None, "unit": "EG-C-01", "unit_name": {"ar": "وحدة", "en": "Unit"}}


def test_whoever_has_number_and_digits_is_told() -> None:
    service = Service()
    service.answers["requests.access_log"] = {"tracking_number": NUMBER, "entries": [ENTRY], "next": 7}
    answer = client_of(service).get(f"/api/v1/requests/{NUMBER}/access-log?before=9&limit=1",
                                    headers={"X-Phone-Last4": "5678"})
    assert answer.status_code == 200 and answer.get_json()["entries"][0]["department"] is None
    assert service.called[0].payload == {"tracking_number": NUMBER, "phone_last4": "5678", "before": 9, "limit": 1}


def test_without_digits_or_with_a_page_that_cannot_be_nothing_is_asked() -> None:
    service = Service()
    client = client_of(service)
    assert client.get(f"/api/v1/requests/{NUMBER}/access-log").status_code == 422
    assert client.get(f"/api/v1/requests/{NUMBER}/access-log?limit=0",
                      headers={"X-Phone-Last4": "5678"}).status_code == 422
    assert service.called == []
