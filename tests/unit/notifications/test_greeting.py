"""By what name a citizen is greeted, and by what nobody is."""

from __future__ import annotations

import pytest

from services.notifications.greeting import name_of


@pytest.mark.parametrize("name", [
    "محمود عبد الله حسن", "م.أحمد علي", "د. منى السيد", "Mona El-Sayed", "O'Brien", "شركة 6 أكتوبر للمقاولات",
    "J. R. Smith", "شركة النيل (ش.م.م) 2020"])
def test_names_of_people_and_companies_are_greeted_by(name: str) -> None:
    assert name_of({"name": name}) == name


@pytest.mark.parametrize("name", [
    "زوروا http://evil.example/x الآن", "evil.com", "ربحت جائزة evil.xyz", "EVIL.COM", "www evil", "xn--mgba3a4f16a",
    "a@b.example", "javascript:x", "اتصل ب 01012345678", "اتصل ٠١٠ ١٢٣٤ ٥٦٧٨", "02-2794-0000", "x" * 101, "", "  ",
    None])
def test_what_leads_somewhere_or_is_no_name_greets_nobody(name: str | None) -> None:
    assert name_of({"name": name}) is None
