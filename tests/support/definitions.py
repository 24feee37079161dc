"""A definition that uses every key there is, to be changed at will."""

from __future__ import annotations

import copy
from typing import Any

from rules import strict_yaml

_WHOLE = strict_yaml.load("""
code: works-permit
name: {ar: ترخيص أعمال, en: Works permit}
summary: {ar: ترخيص أعمال في عقار, en: A permit for works in a building}
keywords: [أعمال, works]
sector: building
life_event: building-a-home
legal_basis: [{ar: قانون, en: A law, source: law}]
eligibility: {ar: مالك العقار, en: The owner}
sources: {applicants: law, channels: unverified, unit_kinds: unverified, eligibility: public, form: unverified,
          documents: public, fees: unverified, workflow: unverified, outputs: law, external_bodies: public}
applicants: [citizen, company]
channels: [centre, portal]
unit_kinds: [district, village]
form:
  - {part: property, prefix: site, fields: [area, street, title_kind, title_number], required: [area, title_kind]}
  - {name: owner_phone, type: mobile, label: {ar: هاتف, en: Phone}, personal: true}
  - {name: area_m2, type: decimal, label: {ar: المساحة, en: Area}, required: true, min: 1, max: 1000, source: law}
  - {name: corner, type: boolean, label: {ar: ناصية, en: Corner}, required: true}
documents:
  - {code: title, name: {ar: سند, en: Title}, presented: original_and_copy, when: {field: corner, equals: true}}
  - {code: id_copy, name: {ar: بطاقة, en: ID card}, identity: true, source: law}
fees:
  - {code: visit, stage: first, name: {ar: معاينة, en: Visit}, account: "1", kind: fixed, amount: 5000}
  - {code: permit, stage: last, name: {ar: ترخيص, en: Permit}, account: "2", kind: per_unit, per: area_m2, amount: 1500}
  - {code: late, stage: last, name: {ar: تأخير, en: Late}, account: "3", kind: tiered, per: area_m2,
     tiers: [{up_to: 10, amount: 0}, {up_to: null, amount: 100}]}
  - {code: tax, stage: last, name: {ar: دمغة, en: Stamp}, account: "4", kind: percentage, percent: "2.5", of: [permit]}
  - {code: extra, stage: last, name: {ar: إضافي, en: Extra}, account: "5", kind: formula,
     formula: "max(area_m2 - 100, 0) * 250 + if(corner, 5000, 0)"}
examples:
  - name: {ar: عقار صغير, en: A small house}
    answers: {site_area: المعادي, site_title_kind: other, area_m2: "80", corner: false}
period: {days: 30, kind: calendar, silence: approval, silence_to: last_fee, source: law}
stage_periods:
  - {code: opinions, name: {ar: الآراء, en: Opinions}, states: [opinions, defence], days: 10, kind: working,
     silence: none, source: unverified}
external_bodies: [{code: civil-defence, name: {ar: الحماية المدنية, en: Civil defence}}, {code: water, source: law,
                   name: {ar: المياه, en: Water company}}]
workflow:
  initial: first_fee
  inputs: [{name: opinion, type: long_text, label: {ar: الرأي, en: Opinion}}]
  states:
    first_fee: {kind: payment, name: {ar: رسم, en: Fee}, stage: first, next: review, expired: lapsed, clock: stopped}
    review:
      {kind: task, name: {ar: مراجعة, en: Review}, department: licensing, role: officer, clock: running,
       target: {days: 2, kind: working}, escalation: {role: centre_manager, after: {days: 1, kind: working}},
       actions: [{code: accept, name: {ar: قبول, en: Accept}, to: defence},
                 {code: send_back, name: {ar: استيفاء, en: Send back}, to: completion, requires: [reason]}]}
    completion: {kind: applicant, name: {ar: استيفاء, en: Completion}, clock: stopped, expired: lapsed,
                 time_limit: {days: 30, kind: calendar, extension: {days: 15, times: 1}, source: unverified},
                 actions: [{code: resubmit, name: {ar: إعادة, en: Again}, to: review}]}
    defence: {kind: external, name: {ar: الحماية, en: Civil defence}, body: civil-defence, department: licensing,
              role: officer, clock: stopped, target: {days: 15, kind: calendar},
              actions: [{code: answered, name: {ar: ورد الرد, en: Answered}, to: opinions}]}
    opinions:
      kind: parallel
      name: {ar: الآراء, en: Opinions}
      clock: running
      branches:
        - code: engineering
          name: {ar: الهندسية, en: Engineering}
          department: engineering
          role: inspector
          purpose: inspection
          actions: [{code: agree, name: {ar: موافقة, en: Agree}, verdict: favourable, requires: [opinion]},
                    {code: object, name: {ar: اعتراض, en: Object}, verdict: unfavourable, requires: [reason]},
                    {code: send_back, name: {ar: استيفاء, en: Send back}, to: completion, requires: [reason]}]
        - code: water
          name: {ar: المياه, en: Water}
          department: utilities
          role: officer
          body: water
          target: {days: 5, kind: working}
          actions: [{code: agree, name: {ar: موافقة, en: Agree}, verdict: favourable}]
      join: {favourable: decision, unfavourable: rejected}
    decision: {kind: task, purpose: decision, name: {ar: قرار, en: Decision}, department: leadership, role: unit_head,
               actions: [{code: approve, name: {ar: موافقة, en: Approve}, to: last_fee},
                         {code: reject, name: {ar: رفض, en: Reject}, to: rejected, requires: [reason]}]}
    last_fee: {kind: payment, name: {ar: رسم, en: Fee}, stage: last, next: issued, expired: lapsed}
    issued: {kind: end, name: {ar: صدر, en: Issued}, outcome: approved, output: permit}
    rejected: {kind: end, name: {ar: رفض, en: Rejected}, outcome: rejected}
    lapsed: {kind: end, name: {ar: حفظ, en: Closed}, outcome: lapsed}
outputs:
  - {code: permit, kind: licence, name: {ar: ترخيص, en: Permit}, validity_months: 12, fields: [site_area, area_m2],
     delivery: [window, post], renewal: {service: works-permit, opens_days_before: 60, late_days: 90, late_fee: late}}
follow_up: [{code: visit, name: {ar: متابعة, en: Visit}, department: engineering, role: inspector, after_days: 90,
             every_months: 12, source: unverified}]
overridable: [{path: fees/permit/amount, min: 1000, max: 3000}, {path: workflow/states/review/target/days, max: 5}]
""")


def whole() -> dict[str, Any]:
    """The definition as it is written, its part not yet expanded."""
    return copy.deepcopy(_WHOLE)


def changed(path: str, value: Any = None) -> dict[str, Any]:
    """It with the value at a path (`fees/0/amount`) replaced, or removed for None."""
    data = whole()
    *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place: Any = data
    for step in steps:
        place = place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return data
