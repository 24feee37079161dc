"""The error catalogue: every code that a door may answer, with its HTTP status and its text in both languages.

Each contract module owns the codes of its service in a `PROBLEMS` table; this module joins them with the codes that
belong to every door. `docs/errors.md` is generated from here. Shape at the door: RFC 9457 problem details.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from contracts import (
    agencies,
    catalog,
    definition_problems,
    evidence,
    fee_problems,
    gateway,
    gateway_access,
    gateway_national,
    link_commands,
    links,
    machinery,
    notifications,
    notifications_campaigns,
    notifications_codes,
    notifications_preferences,
    notifications_providers,
    notifications_seen,
    notifications_templates,
    organisation,
    override_problems,
    payments,
    payments_bills,
    payments_collections,
    payments_counter,
    payments_reconciliation,
    payments_refunds,
    payments_statements,
    reasons,
    requests,
    requests_afterwards,
    requests_assignment,
    requests_board,
    requests_deadlines,
    requests_desk,
    requests_engine,
    requests_finding,
    requests_intake,
    requests_letter_answers,
    requests_mobile,
    requests_outputs,
    requests_portal,
    requests_turns,
    requests_visits,
    rules_problems,
)
from contracts.exchange import problems as exchange_problems
from contracts.problem import Problem
from rules.refusal import Fault

COMMON: dict[str, Problem] = {
    "malformed": Problem(400, "تعذرت قراءة الطلب. تأكد من صيغة JSON ثم أعد الإرسال.",
                         "The body could not be read. Check that it is valid JSON and send it again."),
    "field_invalid": Problem(422, "القيمة غير صحيحة: {reason}", "The value is not valid: {reason}"),
    "field_required": Problem(422, "هذا الحقل مطلوب.", "This field is required."),
    "field_unknown": Problem(422, "هذا الحقل غير معروف.", "This field is not known."),
    "too_large": Problem(413, "الحجم أكبر من المسموح ({limit} بايت).", "Larger than allowed ({limit} bytes)."),
    "not_found": Problem(404, "غير موجود.", "There is no such thing here."),
    "method_not_allowed": Problem(405, "الطريقة غير مسموح بها.", "That method is not allowed here."),
    "unauthenticated": Problem(401, "سجّل الدخول أولاً.", "Log in first."),
    "forbidden": Problem(403, "ليست لديك صلاحية لهذا الإجراء.", "Your role does not allow this."),
    "idempotency_key_required": Problem(400, "أرسل ترويسة Idempotency-Key مع هذا الطلب.",
                                        "Send an Idempotency-Key header with this request."),
    "idempotency_key_reused": Problem(422, "استُخدم مفتاح Idempotency-Key نفسه مع محتوى مختلف.",
                                      "This Idempotency-Key was used before with other content."),
    "conflict": Problem(409, "غيّر شخص آخر هذا الملف قبلك. حدّث الصفحة ثم أعد المحاولة.",
                        "Someone else changed this first. Reload and try again."),
    "too_many_requests": Problem(429, "محاولات كثيرة. انتظر {seconds} ثانية ثم أعد المحاولة.",
                                 "Too many attempts. Wait {seconds} seconds and try again."),
    "unavailable": Problem(503, "الخدمة غير متاحة الآن. أعد المحاولة بعد قليل بنفس المفتاح Idempotency-Key.",
                           "The service cannot answer now. Try again shortly with the same Idempotency-Key."),
    "busy": Problem(503, "الخدمة مشغولة الآن. أعد المحاولة بعد لحظات.", "The service is busy. Try again in a moment."),
    "deadline_exceeded": Problem(503, "لم يصل الرد في الوقت المحدد. أعد المحاولة بنفس المفتاح ولن يتكرر الأثر.",
                                 "No answer in time. Repeat with the same Idempotency-Key: it takes effect once."),
    "internal": Problem(500, "حدث خطأ غير متوقع وقد سُجّل. أعد المحاولة.",
                        "Something unexpected happened and was recorded. Try again."),
}


OWNERS: tuple[tuple[str, Mapping[str, Problem]], ...] = (
    ("Every door", COMMON),
    ("The machinery", machinery.PROBLEMS),
    ("The links", links.PROBLEMS),
    ("The message log as evidence", evidence.PROBLEMS),
    ("gateway", gateway.PROBLEMS),
    ("gateway: log-in, accounts, keys", gateway_access.PROBLEMS),
    ("gateway: agencies", agencies.PROBLEMS),
    ("Remote commands", link_commands.PROBLEMS),
    ("catalog", catalog.PROBLEMS),
    ("The organisation", organisation.PROBLEMS),
    ("requests", requests.PROBLEMS),
    ("requests: intake", requests_intake.PROBLEMS),
    ("requests: who is given which file", requests_assignment.PROBLEMS),
    ("requests: deadlines and silence", requests_deadlines.PROBLEMS),
    ("requests: what heads do about files", requests_desk.PROBLEMS),
    ("requests: waits, inspections after the issue, relations", requests_engine.PROBLEMS),
    ("requests: licences, documents, letters", requests_outputs.PROBLEMS),
    ("requests: answers of agencies", requests_letter_answers.PROBLEMS),
    ("requests: what comes after", requests_afterwards.PROBLEMS),
    ("requests: finding", requests_finding.PROBLEMS),
    ("requests: boards", requests_board.PROBLEMS),
    ("requests: devices and releases", requests_mobile.PROBLEMS),
    ("requests: turns at the windows", requests_turns.PROBLEMS),
    ("requests: visits of the mobile district", requests_visits.PROBLEMS),
    ("payments", payments.PROBLEMS),
    ("payments: collections", payments_collections.PROBLEMS),
    ("payments: statements, settlement, treasury", payments_reconciliation.PROBLEMS),
    ("payments: statements on their way in", payments_statements.PROBLEMS),
    ("payments: bills that people change", payments_bills.PROBLEMS),
    ("payments: refunds", payments_refunds.PROBLEMS),
    ("payments: the counter", payments_counter.PROBLEMS),
    ("notifications", notifications.PROBLEMS),
    ("notifications: what is told", notifications_templates.PROBLEMS),
    ("notifications: one-time codes", notifications_codes.PROBLEMS),
    ("notifications: providers", notifications_providers.PROBLEMS),
    ("notifications: messages to many", notifications_campaigns.PROBLEMS),
    ("notifications: what a citizen wants", notifications_preferences.PROBLEMS),
    ("notifications: what is seen", notifications_seen.PROBLEMS),
    ("The national portal", gateway_national.PROBLEMS),
    ("requests: what came from the national portal", requests_portal.PROBLEMS),
    ("The rules", rules_problems.PROBLEMS),
    ("A service definition", definition_problems.PROBLEMS),
    ("Fees of a definition", fee_problems.PROBLEMS),
    ("A governorate's own values", override_problems.PROBLEMS),
    ("Files of the guide", exchange_problems.PROBLEMS),
)
"""Every table of codes with its owner, in the order of docs/errors.md."""


@cache
def catalogue() -> dict[str, Problem]:
    """Every code known to the platform. A code defined twice is an error of ours and fails at start."""
    joined: dict[str, Problem] = {}
    for _, owned in OWNERS:
        for code, problem in owned.items():
            if code in joined:
                raise RuntimeError(f"problem code defined twice: {code}")
            joined[code] = problem
    return joined


def describe(fault: Fault, language: str) -> str:
    """The text of one fault in `ar` or `en`. A value that is missing from the fault shows as its name;
    a `reason` that is known in English (contracts.reasons) is told in Arabic too."""
    problem = catalogue().get(fault.code) or COMMON["internal"]
    shown = _Shown(fault.params)
    if language != "ar":
        return problem.en.format_map(shown)
    if isinstance(reason := fault.params.get("reason"), str):
        shown["reason"] = reasons.arabic(reason) or reason
    return problem.ar.format_map(shown)


def told(fault: Fault) -> dict[str, Any]:
    """A fault that is part of an answer: {field, code, params} with its text in both languages."""
    return {**fault.as_dict(), "ar": describe(fault, "ar"), "en": describe(fault, "en")}


class _Shown(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
