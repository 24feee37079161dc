"""The kiosk of the sandbox rail as a page: what is owed and one button."""

from __future__ import annotations

from html import escape

from infra.peers.rail import local_time
from infra.peers.rail_store import Charge

STATUS_AR = {"NEW": "في انتظار السداد", "PAID": "تم السداد", "EXPIRED": "انتهت المهلة", "FAILED": "تعذر السداد",
             "CANCELED": "أُلغي"}
CHOICES_AR = {"normal": "سداد عادي", "duplicate": "إشعار مكرر ثلاث مرات", "late": "انتهاء ثم سداد متأخر",
              "reordered": "سداد ثم انتهاء متأخر", "wrong_amount": "مبلغ مختلف", "forged": "إشعار مزوّر",
              "silent": "سداد بلا إشعار", "failed": "فشل السداد", "expired": "انتهاء المهلة"}

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


def pay_page(charge: Charge) -> str:
    """HTML of the page for one charge; the button shows while the order can still be paid."""
    options = '<option value="">حسب المبلغ</option>' + "".join(
        f'<option value="{code}">{name}</option>' for code, name in CHOICES_AR.items())
    form = _FORM.format(reference=charge.reference, amount=charge.amount, options=options)
    back = f'<p><a id="back" href="{escape(charge.return_url, quote=True)}">العودة إلى الطلب</a></p>'
    allowed = charge.return_url.startswith(("http://", "https://"))
    return _PAGE.format(reference=charge.reference, amount=charge.amount, description=escape(charge.description),
                        expires=local_time(charge.expires_at) or "-",
                        status=STATUS_AR.get(charge.status, charge.status),
                        form=form if charge.status == "NEW" else "", back=back if allowed else "")
