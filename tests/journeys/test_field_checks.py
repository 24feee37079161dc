"""The field app's own checks in the browser, held to the table to which the rules are held
(tests/shared/field_cases.json, tests/unit/rules/test_field_cases.py)."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from playwright.sync_api import expect

from rules import device_keys, offline, release
from rules.licence import public_key
from tests.journeys.conftest import Visitor

CASES = json.loads((Path(__file__).parents[1] / "shared" / "field_cases.json").read_text(encoding="utf-8"))

# What the app answers in the cases' own shape: [got, wanted, case] of each that differs.
DIFFERENT = """async (cases) => {
  const c = await import('/static/field/checks.js'), wrong = [];
  const same = (got, wanted, about) => { if (JSON.stringify(got) !== JSON.stringify(wanted)) wrong.push([got ?? null, wanted, about]); };
  const brief = (faults) => faults.map((one) => [one.code, one.field]).sort();
  for (const [condition, answers, wanted] of cases.conditions) same(c.holds(condition, answers), wanted, condition);
  for (const [field, value, wanted] of cases.fields) {
    const { cleaned, faults } = c.checkAnswers([{ name: 'x', required: true, ...field }], { x: value });
    if (wanted?.fault) {
      same(faults[0]?.code, value === '' ? 'field_required' : wanted.fault, [field, value]);
      same(faults[0]?.params, wanted.params ?? {}, [field, value]);
    } else same(cleaned.x, wanted, [field, value]);
  }
  for (const [form, answers, cleaned, faults] of cases.forms) {
    const found = c.checkAnswers(form, answers);
    same(brief(found.faults), [...faults].sort(), form);
    if (cleaned) same(found.cleaned, cleaned, form);
  }
  const readers = { national_id: c.parseNationalId, mobile: c.parseMobile, email: c.parseEmail, passport: c.parsePassport,
    name: c.parseName, commercial_register: c.parseCommercialRegister, number: c.parseNumber, tax_number: c.parseTaxNumber };
  for (const [reader, text, wanted] of cases.identity) {
    const found = readers[reader](text);
    same(found instanceof c.Wrong ? { fault: found.code } : found, wanted, [reader, text]);
  }
  for (const [flat, today, faults] of cases.applicants) same(brief(c.checkApplicant(flat, today).faults), [...faults].sort(), flat);
  return wrong;
}"""  # noqa: E501
SIGNED = """async (ticket) => {
  const { make, registration, contact, sign, signedText } = await import('/static/field/device.js');
  const { release } = await import('/static/field/release.js');
  await make({ unit: 'EG-C-01', label: 'لوح', kind: 'tablet' });
  const item = { item_id: 'a', number: 7, kind: 'report', device_time: 't', body: '{"note":"سطر\\nآخر"}' };
  return { registration: await registration(), contact: await contact(null), wiped: await contact([4, 7]), item,
    signature: await sign(signedText(item)), qr: await release(ticket, '2026-11-22T09:00:00Z', 12) };
}"""


def test_it_finds_what_the_rules_find(visit: Callable[..., Visitor]) -> None:
    visitor = visit("phone")
    visitor.go("/field")
    assert visitor.page.evaluate(DIFFERENT, CASES) == []


def test_what_it_signs_is_what_the_rules_read(visit: Callable[..., Visitor]) -> None:
    visitor = visit("phone")
    visitor.go("/field")
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(visitor.t("field.setup.title"))
    key = Ed25519PrivateKey.generate()
    known = visitor.page.evaluate("""import('/static/field/device.js').then((m) =>
        m.make({ unit: 'EG-C-01', label: 'لوح', kind: 'tablet' })).then((d) => d.public_key)""")
    ticket = release.issue(release.Ticket(
        "key-1", "01980c5e-7c00-7000-8000-0000000000d1", "01980c5e-7c00-7000-8000-0000000000d2", known,
        "C-2026-000001-T", "محمود عبد الله حسن", "تجديد ترخيص محل", "الزيتون", datetime(2026, 11, 22).date(), None,
        51250, "01-26-00000000-K", datetime(2026, 11, 22, 9, tzinfo=UTC) + timedelta(hours=8)), key)
    found = visitor.page.evaluate(SIGNED, ticket)
    said = found["registration"]
    assert said["public_key"] == known, "the key is made once"
    assert device_keys.genuine(known, device_keys.registration("EG-C-01", known), said["proof"])
    for name, wiped in (("contact", None), ("wiped", [4, 7])):
        one = found[name]
        assert one["wiped"] == wiped
        assert device_keys.genuine(known, device_keys.contact(known, one["at"], wiped), one["signature"])
    item = found["item"]
    text = offline.signed_text(item["item_id"], item["number"], item["kind"], item["device_time"], item["body"])
    assert device_keys.genuine(known, text, found["signature"])
    node = {"key-1": public_key(device_keys.public_text(key))}
    released = release.verify(found["qr"], node)
    assert (released.release.receipt_number, released.ticket.device_key) == (12, known)
    genuine = """([ticket, keys]) => import('/static/field/release.js').then((m) => m.ticketGenuine(ticket, keys))"""
    keys = {"key-1": device_keys.public_text(key)}
    assert visitor.page.evaluate(genuine, [ticket, keys]) is True
    stranger = {"key-1": device_keys.public_text(Ed25519PrivateKey.generate())}
    assert visitor.page.evaluate(genuine, [ticket, stranger]) is False
    assert visitor.page.evaluate(genuine, [ticket[:-8] + "AAAAAAAA", keys]) is False


READ = """async (png) => {
  const picture = new Image();
  picture.src = 'data:image/png;base64,' + png;
  await picture.decode();
  const canvas = new OffscreenCanvas(picture.width, picture.height), drawing = canvas.getContext('2d');
  drawing.drawImage(picture, 0, 0);
  const { data, width, height } = drawing.getImageData(0, 0, canvas.width, canvas.height);
  return jsQR(data, width, height)?.data ?? null;
}"""


@pytest.mark.parametrize("length", [60, 700, 1100])
def test_its_codes_are_read_by_a_camera(visit: Callable[..., Visitor], length: int) -> None:
    visitor = visit("desktop")
    visitor.go("/field")
    page = visitor.page
    expect(page.get_by_role("heading", level=1)).to_have_text(visitor.t("field.setup.title"))
    text = "SHB2." + "".join(chr(65 + (i * 7) % 26) for i in range(length - 5))
    page.evaluate("""(text) => import('/static/field/qr.js').then((m) => {
        const paper = document.createElement('div');
        paper.className = 'paper';
        paper.append(m.qr(text, 'code'));
        document.body.replaceChildren(paper);
    })""", text)
    page.add_script_tag(url=f"{visitor.url}/static/vendor/jsqr.js")
    shown = page.locator("svg.qr").screenshot(scale="device")
    assert page.evaluate(READ, base64.b64encode(shown).decode()) == text
