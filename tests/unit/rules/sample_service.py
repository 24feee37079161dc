"""A service of a made-up guide for tests of rules that read a whole definition: small, and nobody's content."""

import copy

import yaml

from contracts.definition import load_definition

SAMPLE = yaml.safe_load("""
code: kiosk-licence
name: {ar: ترخيص كشك, en: Kiosk licence}
summary: {ar: رخصة لكشك صغير, en: A licence for a small kiosk}
keywords: [كشك, kiosk]
sector: shops
life_event: starting-a-business
legal_basis: [{ar: قانون, en: A law, source: law}]
sources: {applicants: public, channels: public, unit_kinds: public, form: unverified, documents: unverified,
  fees: unverified, workflow: unverified, outputs: unverified, follow_up: unverified,
  external_bodies: unverified, stage_periods: unverified}
applicants: [citizen, company]
channels: [centre, portal, post_office]
unit_kinds: [district, city]
form:
  - {name: goods, type: choice, label: {ar: البضاعة, en: Goods}, required: true, options: [
      {value: food, label: {ar: طعام, en: Food}}, {value: papers, label: {ar: صحف, en: Papers}}]}
  - {name: area_m2, type: decimal, label: {ar: المساحة, en: Area}, required: true, min: 1, max: 20}
  - {name: workers, type: integer, label: {ar: العمال, en: Workers}, required: true, min: 0, max: 5}
  - {name: fridge, type: boolean, label: {ar: ثلاجة, en: Fridge}, when: {field: goods, equals: food}}
documents:
  - {code: id_copy, name: {ar: بطاقة, en: ID card}, identity: true}
  - {code: health, name: {ar: شهادة صحية, en: Health certificate}, when: {field: goods, equals: food}}
  - {code: photo, name: {ar: صورة, en: Photo}, required: false}
fees:
  - {code: visit, stage: inspection, name: {ar: معاينة, en: Inspection}, account: "1", kind: fixed, amount: 5000}
  - {code: area, stage: final, name: {ar: عن المساحة, en: By area}, account: "2", kind: per_unit, per: area_m2,
     amount: 1000}
  - {code: workers, stage: final, name: {ar: عن العمال, en: By worker}, account: "3", kind: per_unit, per: workers,
     amount: 700}
  - {code: share, stage: final, name: {ar: نسبة, en: Share}, account: "4", kind: percentage, percent: "2.5",
     of: [area, workers]}
examples:
  - {name: {ar: كشك طعام, en: Food kiosk}, answers: {goods: food, area_m2: "4.5", workers: 2, fridge: true}}
  - {name: {ar: كشك صحف, en: Papers}, answers: {goods: papers, area_m2: 2, workers: 0}}
period: {days: 30, kind: calendar, silence: none, source: unverified}
workflow:
  initial: fee
  inputs: [{name: findings, type: text, label: {ar: النتيجة, en: Findings}}]
  states:
    fee: {kind: payment, name: {ar: سداد المعاينة, en: Inspection fee}, stage: inspection, next: review,
      expired: lapsed}
    review:
      kind: task
      name: {ar: مراجعة, en: Review}
      department: licensing
      role: officer
      target: {days: 3, kind: working}
      actions:
        - {code: accept, name: {ar: قبول, en: Accept}, to: inspection}
        - {code: send_back, name: {ar: إعادة, en: Send back}, to: completion, requires: [reason]}
    completion:
      kind: applicant
      name: {ar: استيفاء, en: Completion}
      expired: lapsed
      time_limit: {days: 30, kind: calendar, source: unverified}
      actions:
        - {code: resubmit, name: {ar: إعادة التقديم, en: Submit again}, to: review}
        - {code: withdraw, name: {ar: سحب, en: Withdraw}, to: withdrawn}
    inspection:
      kind: task
      name: {ar: معاينة, en: Inspection}
      department: engineering
      role: inspector
      target: {days: 7, kind: working}
      actions: [{code: report, name: {ar: تقرير, en: Report}, to: decision, requires: [findings]}]
    decision:
      kind: task
      name: {ar: قرار, en: Decision}
      department: leadership
      role: unit_head
      target: {days: 3, kind: working}
      actions:
        - {code: approve, name: {ar: موافقة, en: Approve}, to: final_fee}
        - {code: reject, name: {ar: رفض, en: Reject}, to: rejected, requires: [reason]}
        - {code: again, name: {ar: إعادة المعاينة, en: Inspect again}, to: inspection, requires: [reason]}
    final_fee: {kind: payment, name: {ar: سداد الرخصة, en: Licence fee}, stage: final, next: issued, expired: lapsed}
    issued: {kind: end, name: {ar: صدرت, en: Issued}, outcome: approved, output: licence}
    rejected: {kind: end, name: {ar: رُفض, en: Rejected}, outcome: rejected}
    withdrawn: {kind: end, name: {ar: سُحب, en: Withdrawn}, outcome: withdrawn}
    lapsed: {kind: end, name: {ar: حُفظ, en: Closed}, outcome: lapsed}
outputs: [{code: licence, kind: licence, name: {ar: رخصة, en: Licence}, validity_months: 12, fields: [goods]}]
overridable:
  - {path: fees/workers/amount, min: 500, max: 2000}
  - {path: fees/share/percent, min: 1, max: "3.5"}
  - {path: workflow/states/inspection/target/days, max: 7}
  - {path: name/ar}
""")


def branch(code, **more):
    """A branch of a parallel state that can agree or object."""
    name = {"ar": f"رأي {code}", "en": f"Opinion of {code}"}
    return {"code": code, "name": name, "role": "officer", "actions": [
        {"code": "agree", "name": {"ar": "موافقة", "en": "Agree"}, "verdict": "favourable"},
        {"code": "object", "name": {"ar": "اعتراض", "en": "Object"}, "verdict": "unfavourable"}], **more}


def service(**changes):
    """The sample, loaded, with other top-level values."""
    return load_definition(copy.deepcopy({**SAMPLE, **changes}))
