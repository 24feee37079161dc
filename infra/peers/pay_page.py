"""The kiosk and the card page of the sandbox rails: what is owed and one button; and a list of all orders."""

from __future__ import annotations

from html import escape

from infra.peers import magic
from infra.peers.rail_store import Charge
from infra.peers.times import local_time

STATUS_AR = {"NEW": "في انتظار السداد", "PAID": "تم السداد", "EXPIRED": "انتهت المهلة", "FAILED": "تعذر السداد",
             "CANCELED": "أُلغي", "REFUNDED": "رُدّ كاملاً", "PARTIAL_REFUNDED": "رُدّ جزء منه"}
CHOICES_AR = {"normal": "سداد عادي", "duplicate": "إشعار مكرر ثلاث مرات", "late": "انتهاء ثم سداد متأخر",
              "reordered": "سداد ثم انتهاء متأخر", "wrong_amount": "مبلغ مختلف", "forged": "إشعار مزوّر",
              "silent": "سداد بلا إشعار", "failed": "فشل السداد", "expired": "انتهاء المهلة",
              "other_rail": "إشعار من وسيلة أخرى"}
RAILS_AR = {"fawry": "فوري", "paymob": "باي موب", "efinance": "إي فاينانس"}

_PAGE = """<!doctype html>
<html lang="ar" dir="rtl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>منفذ السداد التجريبي</title>
<style>body{{font-family:"Noto Sans Arabic",Cairo,Tahoma,sans-serif;max-width:28rem;margin:3rem auto;padding:0 1rem;
line-height:1.8;color:#1b1b1b}}dl{{display:grid;grid-template-columns:auto 1fr;gap:.3rem 1rem}}dt{{color:#555}}
dd{{margin:0;font-weight:600}}.sandbox{{background:#fff3cd;padding:.4rem .8rem;border-radius:.4rem}}
button{{font:inherit;padding:.6rem 1.6rem;background:#0b6b43;color:#fff;border:0;border-radius:.4rem;width:100%}}
select{{font:inherit;width:100%;margin:.3rem 0 1rem}}</style></head>
<body><p class="sandbox">منفذ تجريبي: لا تُدفع هنا نقود حقيقية.</p>
<h1>سداد بكود الدفع</h1>
<dl><dt>كود الدفع</dt><dd dir="ltr" id="reference">{reference}</dd><dt>المبلغ</dt><dd>{amount} جنيه</dd>
<dt>البيان</dt><dd>{description}</dd><dt>صالح حتى</dt><dd dir="ltr">{expires}</dd>
<dt>الحالة</dt><dd id="status">{status}</dd></dl>
{form}{back}</body></html>
"""
_FORM = """<form method="post" action="/pay/{reference}"><label for="behaviour">سلوك المنفذ (للتجربة)</label>
<select id="behaviour" name="behaviour">{options}</select>
<button id="pay" type="submit">ادفع {amount} جنيه</button></form>
"""


_CARD = """<form method="post" action="/pay/{reference}"><label for="card">رقم البطاقة (بطاقات التجربة فقط)</label>
<select id="card" name="card" dir="ltr">{options}</select>
<button id="pay" type="submit">ادفع {amount} جنيه</button></form>
"""
_ORDERS = """<!doctype html>
<html lang="ar" dir="rtl"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>منافذ السداد التجريبية</title>
<style>body{{font-family:"Noto Sans Arabic",Cairo,Tahoma,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}}
table{{border-collapse:collapse;width:100%}}td,th{{border-bottom:1px solid #ccc;padding:.3rem;text-align:start}}</style>
</head><body><h1>منافذ السداد التجريبية</h1><p>لا تُدفع هنا نقود حقيقية.</p>
<table><tr><th>الوسيلة</th><th>الكود</th><th>المبلغ</th><th>البيان</th><th>الحالة</th></tr>{rows}</table></body></html>
"""


def pay_page(charge: Charge) -> str:
    """HTML of the kiosk for one charge; the button shows while the order can still be paid."""
    options = '<option value="">حسب المبلغ</option>' + "".join(
        f'<option value="{code}">{name}</option>' for code, name in CHOICES_AR.items())
    return _page(charge, _FORM.format(reference=charge.reference, amount=charge.amount, options=options))


def card_page(charge: Charge) -> str:
    """HTML of the card page for one charge; after a declined card another can be tried."""
    options = "".join(f'<option value="{card.number}">{card.number} · {escape(card.does)}</option>'
                      for card in magic.CARDS)
    return _page(charge, _CARD.format(reference=charge.reference, amount=charge.amount, options=options))


def orders_page(charges: list[Charge]) -> str:
    """HTML of all orders, the newest first, each with a link to where it is paid."""
    rows = "".join(
        f'<tr><td>{RAILS_AR.get(one.rail, one.rail)}</td><td><a href="/pay/{one.reference}">{one.reference}</a></td>'
        f"<td>{one.amount}</td><td>{escape(one.description)}</td><td>{STATUS_AR.get(one.status, one.status)}</td></tr>"
        for one in sorted(charges, key=lambda one: -one.created_at)[:200])
    return _ORDERS.format(rows=rows)


def _page(charge: Charge, form: str) -> str:
    back = f'<p><a id="back" href="{escape(charge.return_url, quote=True)}">العودة إلى الطلب</a></p>'
    allowed = charge.return_url.startswith(("http://", "https://"))
    open_ = charge.status == "NEW" or (charge.status == "FAILED" and charge.rail == "paymob")
    return _PAGE.format(reference=charge.reference, amount=charge.amount, description=escape(charge.description),
                        expires=local_time(charge.expires_at) or "-",
                        status=STATUS_AR.get(charge.status, charge.status),
                        form=form if open_ else "", back=back if allowed else "")
