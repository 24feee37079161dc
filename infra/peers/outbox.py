"""The outbox of the sandboxes: every SMS and e-mail that was sent, to be read by people. Nobody else got one."""

from __future__ import annotations

from datetime import datetime
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

SHOWN = 200  # messages a page, the newest first
LANGUAGES = ("ar", "en")
_TEXTS = {
    "ar": {
        "title": "صندوق الصادر التجريبي", "nothing": "كل ما أرسلته المنصة في هذه التجربة. لم تصل أي رسالة إلى أحد.",
        "sms": "رسائل المحمول", "mail": "البريد الإلكتروني", "to": "إلى", "at": "الوقت", "parts": "الأجزاء",
        "receipt": "إشعار التسليم", "subject": "الموضوع", "none": "لا توجد رسائل بعد. قدِّم طلباً ثم أعد تحميل الصفحة.",
        "again": "تحديث", "other": "English", "back": "كل الرسائل", "plain": "النص", "html": "كما تظهر في البريد",
        "DELIVRD": "سُلِّمت", "UNDELIV": "لم تُسلَّم", "waits": "لم يصل بعد", "from": "من", "incomplete": "ناقصة"},
    "en": {
        "title": "Outbox of the sandbox", "nothing": "All that the platform sent here. No message reached anybody.",
        "sms": "Text messages", "mail": "E-mails", "to": "To", "at": "Time", "parts": "Parts",
        "receipt": "Delivery receipt", "subject": "Subject",
        "none": "No messages yet. Lodge an application and load the page again.", "again": "Load again",
        "other": "العربية", "back": "All messages", "plain": "Plain text", "html": "As a mailbox shows it",
        "DELIVRD": "delivered", "UNDELIV": "not delivered", "waits": "not yet", "from": "From",
        "incomplete": "incomplete"},
}  # fmt: skip
_CAIRO = ZoneInfo("Africa/Cairo")
_PAGE = """<!doctype html>
<html lang="{lang}" dir="{direction}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>{title}</title>
<style>body{{font-family:"Noto Sans Arabic",Cairo,Tahoma,sans-serif;max-width:48rem;margin:1.5rem auto;padding:0 1rem;
line-height:1.8;color:#1b1b1b;background:#fff}}.sandbox{{background:#fff3cd;padding:.4rem .8rem;border-radius:.4rem}}
nav a{{margin-inline-end:1rem;color:#0b5c8a}}ul{{list-style:none;padding:0}}
li{{border:1px solid #c9c9c9;border-radius:.6rem;padding:.6rem .9rem;margin:.7rem 0}}
.text{{white-space:pre-wrap;overflow-wrap:anywhere;margin:0 0 .4rem}}.facts{{color:#4d4d4d;font-size:.9rem;margin:0}}
.facts span{{margin-inline-end:1rem;white-space:nowrap}}pre{{white-space:pre-wrap;overflow-wrap:anywhere;font:inherit;
border:1px solid #c9c9c9;border-radius:.6rem;padding:.8rem}}iframe{{width:100%;height:34rem;border:1px solid #c9c9c9;
border-radius:.6rem}}a{{color:#0b5c8a}}</style></head>
<body><p class="sandbox">{nothing}</p><h1>{title}</h1>{body}</body></html>
"""


def outbox_page(language: str, sms: list[dict[str, Any]], mails: list[dict[str, Any]]) -> str:
    """HTML of all messages, the newest first. `sms` and `mails` as /sms and /mail tell them, oldest first."""
    said = _TEXTS[language]
    other = next(one for one in LANGUAGES if one != language)
    links = (f'<nav><a href="/outbox/{language}">{said["again"]}</a><a href="#sms">{said["sms"]} ({len(sms)})</a>'
             f'<a href="#mail">{said["mail"]} ({len(mails)})</a>'
             f'<a href="/outbox/{other}" lang="{other}">{said["other"]}</a></nav>')
    texts = "".join(_sms(said, one) for one in reversed(sms[-SHOWN:]))
    letters = "".join(_mail(said, language, number, one)
                      for number, one in reversed(list(enumerate(mails))[-SHOWN:]))
    none = f"<p>{said['none']}</p>"
    return _whole(language, f'{links}<h2 id="sms">{said["sms"]}</h2>{f"<ul>{texts}</ul>" if texts else none}'
                            f'<h2 id="mail">{said["mail"]}</h2>{f"<ul>{letters}</ul>" if letters else none}')


def mail_page(language: str, mail: dict[str, Any]) -> str:
    """HTML of one e-mail: its plain text, and its own page shut into a frame that can neither run nor fetch."""
    said = _TEXTS[language]
    facts = _facts((said["to"], ", ".join(mail["to"])), (said["at"], _time(mail["at"])))
    return _whole(language, (
        f'<p><a href="/outbox/{language}#mail">{said["back"]}</a></p>'
        f'<h2 dir="auto">{escape(mail["subject"])}</h2>{facts}'
        f'<h3>{said["html"]}</h3><iframe sandbox="" title="{said["html"]}" srcdoc="{escape(mail["html"])}"></iframe>'
        f'<h3>{said["plain"]}</h3><pre dir="auto">{escape(mail["text"])}</pre>'))


def _sms(said: dict[str, str], one: dict[str, Any]) -> str:
    told = [said.get(part["receipt"] or "", said["waits"]) for part in one["parts"]]
    parts = f"{len(one['parts'])}" if one["complete"] else f"{len(one['parts'])}/{one['total']} {said['incomplete']}"
    return (f'<li><p class="text" dir="auto">{escape(one["text"])}</p>'
            + _facts((said["to"], one["to"]), (said["from"], one["from"]), (said["at"], _time(one["at"])),
                     (said["parts"], parts), (said["receipt"], ", ".join(dict.fromkeys(told)))) + "</li>")


def _mail(said: dict[str, str], language: str, number: int, one: dict[str, Any]) -> str:
    return (f'<li><p class="text" dir="auto"><a href="/outbox/{language}/mail/{number}">'
            f"{escape(one['subject'])}</a></p>"
            + _facts((said["to"], ", ".join(one["to"])), (said["at"], _time(one["at"]))) + "</li>")


def _facts(*facts: tuple[str, str]) -> str:
    return '<p class="facts">' + " ".join(
        f"<span>{name}: <bdi>{escape(value)}</bdi></span>" for name, value in facts) + "</p>"


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, _CAIRO).strftime("%Y-%m-%d %H:%M:%S")


def _whole(language: str, body: str) -> str:
    said = _TEXTS[language]
    return _PAGE.format(lang=language, direction="rtl" if language == "ar" else "ltr", title=said["title"],
                        nothing=said["nothing"], body=body)
