"""Terms of CPSV-AP 3.2.0 and names of the guide's code lists, for the export as JSON-LD."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.arabic import format_egp

_NAMESPACES = {
    "cpsv": "http://purl.org/vocab/cpsv#",
    "cv": "http://data.europa.eu/m8g/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "eli": "http://data.europa.eu/eli/ontology#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "org": "http://www.w3.org/ns/org#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_CLASSES = {
    "AdministrativeTerritorialUnit": "http://data.europa.eu/88u/dataset/atu-type",
    **{name: f"cv:{name}" for name in ("BusinessEvent", "Channel", "Cost", "Event", "Evidence", "LifeEvent", "Output",
                                       "PublicOrganisation", "Requirement")},
    "Agent": "foaf:Agent", "Concept": "skos:Concept", "Dataset": "dcat:Dataset", "Document": "foaf:Document",
    "LegalResource": "eli:LegalResource", "LinguisticSystem": "dct:LinguisticSystem", "Location": "dct:Location",
    "Organization": "org:Organization", "PublicService": "cpsv:PublicService",
}  # fmt: skip
_PROPERTIES = {
    **{name: f"cv:{name}" for name in (
        "currency", "hasChannel", "hasCompetentAuthority", "hasCost", "hasLegalResource", "hasRelatedService",
        "hasSupportingEvidence", "hasValue", "holdsRequirement", "isDefinedBy", "isGroupedBy", "ownedBy",
        "processingTime", "sector", "supportsRequirement", "thematicArea")},
    **{name: f"dct:{name}" for name in (
        "audience", "description", "hasPart", "identifier", "isPartOf", "language", "publisher", "spatial", "title",
        "type")},
    "hasInput": "cpsv:hasInput", "produces": "cpsv:produces", "keyword": "dcat:keyword",
    "landingPage": "dcat:landingPage", "notation": "skos:notation", "prefLabel": "skos:prefLabel",
    "versionInfo": "owl:versionInfo",
}  # fmt: skip
CONTEXT: Mapping[str, Any] = {**_NAMESPACES, **_CLASSES, **_PROPERTIES}

LANGUAGES = {"ARA": {"ar": "العربية", "en": "Arabic"}, "ENG": {"ar": "الإنجليزية", "en": "English"}}
CHANNELS: Mapping[str, Mapping[str, str]] = {
    "centre": {"ar": "شباك المركز التكنولوجي", "en": "Window of a technology centre"},
    "portal": {"ar": "البوابة الإلكترونية", "en": "Portal"},
    "mobile": {"ar": "متصفح الهاتف", "en": "Mobile browser"},
    "mobile_district": {"ar": "الحي المتنقل", "en": "Mobile district"},
    "post_office": {"ar": "مكتب البريد", "en": "Post office"},
}
APPLICANTS: Mapping[str, Mapping[str, str]] = {
    "citizen": {"ar": "مواطن", "en": "Citizen"},
    "company": {"ar": "شركة", "en": "Company"},
    "attorney": {"ar": "وكيل بتوكيل", "en": "Attorney"},
    "heirs": {"ar": "ورثة", "en": "Heirs"},
    "foreigner": {"ar": "أجنبي بجواز سفر", "en": "Foreigner with a passport"},
}
EVIDENCE: Mapping[str, Mapping[str, str]] = {
    "copy": {"ar": "صورة", "en": "Copy"},
    "original": {"ar": "أصل", "en": "Original"},
    "original_and_copy": {"ar": "أصل وصورة", "en": "Original and copy"},
}
OUTPUTS: Mapping[str, Mapping[str, str]] = {
    "licence": {"ar": "رخصة", "en": "Licence"},
    "certificate": {"ar": "شهادة", "en": "Certificate"},
    "letter": {"ar": "خطاب", "en": "Letter"},
}
UNVERIFIED = {"ar": "رقم توضيحي تحدده المحافظة", "en": "illustrative, to be set by the governorate"}
_HOW = {
    "fixed": {"ar": "رسم ثابت", "en": "fixed"},
    "per_unit": {"ar": "رسم عن كل وحدة", "en": "for each unit"},
    "tiered": {"ar": "رسم بحسب الشريحة", "en": "by tier"},
    "percentage": {"ar": "نسبة من رسوم أخرى", "en": "a share of other fees"},
    "formula": {"ar": "رسم يُحسب بمعادلة من الإجابات", "en": "computed from the answers"},
}


def describe_fee(line: Mapping[str, Any]) -> dict[str, str]:
    """A fee in words: its name, how it is reckoned, and its amount where it has one."""
    how = _HOW.get(line["kind"], {"ar": line["kind"], "en": line["kind"]})
    words = {}
    for language in ("ar", "en"):
        amount = f" {format_egp(line['amount'], language)}" if isinstance(line.get("amount"), int) else ""
        words[language] = f"{line['name'][language]}: {how[language]}{amount}"
    return words
