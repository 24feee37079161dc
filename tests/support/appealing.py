"""The shop licence of the guide, with legal reasons for its rejection and an appeal that another hears."""

from __future__ import annotations

from typing import Any

from contracts.definition import load_definition
from tests.support.requests_ground import shop


def _named(ar: str, en: str) -> dict[str, str]:
    return {"ar": ar, "en": en}


def appealing(days: int = 15, kind: str = "calendar") -> dict[str, Any]:
    """A rejection names one of two grounds in law; within `days` of it the head of the unit hears an appeal."""
    definition = {**shop(), "code": "shop-appealed"}
    definition["outputs"] = [{**output, "renewal": None} for output in definition["outputs"]]
    workflow = definition["workflow"]
    workflow["reasons"] = [
        {"code": "safety", "name": _named("مخالفة اشتراطات السلامة", "Safety conditions not met"),
         "legal_basis": {**_named("قانون المحال العامة", "The shops law"), "source": "unverified"}},
        {"code": "zoning", "name": _named("نشاط محظور في المنطقة", "Activity not allowed in the area"),
         "legal_basis": {**_named("قانون البناء", "The building law"), "source": "unverified"}}]
    workflow["states"]["inspection"]["shows"] = ["contact"]
    for action in workflow["states"]["decision"]["actions"]:
        if action["code"] == "reject":
            action["requires"] = ["reason", "legal_reason"]
    workflow["states"]["appeal"] = {
        "kind": "task", "name": _named("نظر التظلم", "Appeal heard"), "department": "leadership", "role": "unit_head",
        "purpose": "decision", "clock": "stopped", "actions": [
            {"code": "grant", "name": _named("قبول التظلم", "Grant"), "to": "awaiting_final_fee", "requires": []},
            {"code": "dismiss", "name": _named("رفض التظلم", "Dismiss"), "to": "rejected",
             "requires": ["legal_reason"]}]}
    workflow["appeal"] = {"days": days, "kind": kind, "state": "appeal", "source": "unverified"}
    return load_definition(definition)
