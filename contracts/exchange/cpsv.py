"""The guide in the EU's Core Public Service Vocabulary, application profile CPSV-AP 3.2.0, as JSON-LD.

Source of classes, properties, cardinalities and ranges: https://semiceu.github.io/CPSV-AP/releases/3.2.0/ and its SHACL
shapes. The context stands in the document, so that reading it fetches nothing. Every value of a code list is a node of
its own, typed as the profile demands (skos:Concept, dct:LinguisticSystem, dct:Location …) and named in both languages:
whoever checks the file needs no other file. Nothing is said that the definition does not say; what hangs on answers
(a tiered fee) has a description and no amount.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from contracts.exchange import Published, WholeGuide
from contracts.exchange.cpsv_words import (
    APPLICANTS,
    CHANNELS,
    CONTEXT,
    EVIDENCE,
    LANGUAGES,
    OUTPUTS,
    UNVERIFIED,
    describe_fee,
)
from rules import guide_words, places

EU = "http://publications.europa.eu/resource/authority/"
CURRENCY = EU + "currency/EGP"
Node = dict[str, Any]


def to_jsonld(guide: WholeGuide) -> bytes:
    return orjson.dumps(document(guide), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def document(guide: WholeGuide) -> dict[str, Any]:
    """The export as plain data: one graph, nodes in a settled order."""
    return {"@context": CONTEXT, "@graph": list(_Graph(guide).nodes.values())}


def both(text: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """A text in both languages as JSON-LD has it."""
    return [{"@language": language, "@value": str(text[language])} for language in ("ar", "en")
            if text and text.get(language)]


class _Graph:
    def __init__(self, guide: WholeGuide) -> None:
        self.nodes: dict[str, Node] = {}
        self._guide = guide
        self._root = f"{guide.address}/id"
        self._authority = self._organisation()
        self._catalogue = self._dataset()
        for one in guide.services:
            self._service(one)

    def _add(self, name: str, kind: str | Sequence[str], **properties: Any) -> dict[str, str]:
        """Add a node unless it is there; answers the reference to it. Properties without a value are left out."""
        self.nodes.setdefault(name, {"@id": name, "@type": kind} | {
            key: value for key, value in properties.items() if value not in (None, [], "")})
        return {"@id": name}

    def _concept(self, name: str, label: Mapping[str, Any]) -> dict[str, str]:
        return self._add(name, "Concept", prefLabel=both(label))

    def _own(self, table: str, code: str, label: Mapping[str, Any]) -> dict[str, str]:
        """A term of a code list of the guide's own."""
        return self._add(f"{self._root}/{table}/{code}", "Concept", notation=code, prefLabel=both(label))

    def _organisation(self) -> dict[str, str]:
        """The governorate that offers the services. It is also the agent that publishes and the organisation that
        fixes fees, which the profile wants typed and named as such."""
        code = self._guide.authority
        found = places.governorate(code)
        name = {"ar": f"محافظة {found.name_ar}", "en": f"{found.name_en} Governorate"} if found else {
            "ar": code, "en": code}
        area = self._add(f"{self._root}/place/{code}", ["AdministrativeTerritorialUnit", "Location"], identifier=code,
                         prefLabel=both(found.name if found else name))
        return self._add(f"{self._root}/authority/{code}", ["PublicOrganisation", "Organization", "Agent"],
                         identifier=code, title=both(name), prefLabel=both(name), spatial=[area])

    def _languages(self) -> list[dict[str, str]]:
        return [self._add(f"{EU}language/{code}", ["LinguisticSystem", "Concept"], prefLabel=both(label))
                for code, label in LANGUAGES.items()]

    def _dataset(self) -> dict[str, str]:
        name = {"ar": "دليل الخدمات الموحد", "en": "Unified services guide"}
        page = self._add(f"{self._guide.address}/ar/services", "Document")
        return self._add(f"{self._root}/guide/{self._guide.authority}", "Dataset",
                         identifier=f"{self._guide.authority}-{self._guide.tag}", title=both(name),
                         description=both({"ar": f"الخدمات السارية يوم {self._guide.day.isoformat()}",
                                           "en": f"The services in force on {self._guide.day.isoformat()}"}),
                         publisher=self._authority, landingPage=[page],
                         hasPart=[{"@id": self._name(one)} for one in self._guide.services])

    def _name(self, one: Published) -> str:
        return f"{self._root}/service/{one.code}"

    def _service(self, one: Published) -> None:
        found, name = one.definition, self._name(one)
        documents, channels = self._inputs(found, name), self._channels(found, name)
        self._add(
            name, "PublicService",
            identifier=one.code, title=both(found["name"]), description=both(found["summary"]),
            versionInfo=str(one.version), hasCompetentAuthority=[self._authority], isPartOf=[self._catalogue],
            spatial=[{"@id": f"{self._root}/place/{self._guide.authority}"}], language=self._languages(),
            keyword=[{"@language": "en" if word.isascii() else "ar", "@value": word}
                     for word in found.get("keywords") or ()],
            thematicArea=[self._own("sector", found["sector"], guide_words.sector_name(found["sector"]))],
            sector=[{"@id": f"{self._root}/sector/{found['sector']}"}],
            isGroupedBy=[self._event(found["life_event"], name)],
            audience=[self._own("applicant", kind, APPLICANTS.get(kind, {"ar": kind, "en": kind}))
                      for kind in found.get("applicants") or ()],
            hasChannel=channels, hasInput=[evidence for evidence, _ in documents],
            holdsRequirement=[requirement for _, requirement in documents] + self._eligibility(found, name),
            hasCost=[self._cost(line, name) for line in found.get("fees") or ()],
            produces=[self._output(output, name) for output in found.get("outputs") or ()],
            hasLegalResource=[self._law(index, law, name) for index, law in enumerate(found.get("legal_basis") or ())],
            processingTime=_duration(found.get("period")),
        )  # fmt: skip

    def _event(self, code: str, service: str) -> dict[str, str]:
        event = guide_words.load().life_events.get(code)
        name = f"{self._root}/event/{code}"
        self._add(name, ["BusinessEvent" if event and event.business else "LifeEvent", "Event"], identifier=code,
                  title=both(guide_words.life_event_name(code)), hasRelatedService=[])
        self.nodes[name].setdefault("hasRelatedService", []).append({"@id": service})
        return {"@id": name}

    def _channels(self, found: Mapping[str, Any], service: str) -> list[dict[str, str]]:
        return [self._add(f"{service}/channel/{code}", "Channel", identifier=f"{found['code']}/{code}",
                          type=self._own("channel", code, CHANNELS.get(code, {"ar": code, "en": code})),
                          description=both(CHANNELS.get(code)), ownedBy=[self._authority])
                for code in found.get("channels") or ()]

    def _inputs(self, found: Mapping[str, Any], service: str) -> list[tuple[dict[str, str], dict[str, str]]]:
        """Each document as the evidence that is brought and the requirement that it supports."""
        made = []
        for one in found.get("documents") or ():
            evidence, requirement = f"{service}/evidence/{one['code']}", f"{service}/requirement/{one['code']}"
            kind = one.get("presented") or "copy"
            made.append((
                self._add(evidence, "Evidence", identifier=f"{found['code']}/{one['code']}", title=both(one["name"]),
                          type=self._own("presented", kind, EVIDENCE.get(kind, {"ar": kind, "en": kind})),
                          language=self._languages()[:1], supportsRequirement=[{"@id": requirement}]),
                self._add(requirement, "Requirement", identifier=f"{found['code']}/{one['code']}",
                          title=both(one["name"]), hasSupportingEvidence=[{"@id": evidence}],
                          type=[self._own("requirement", *_bindingness(one))]),
            ))  # fmt: skip
        return made

    def _eligibility(self, found: Mapping[str, Any], service: str) -> list[dict[str, str]]:
        """Who may apply, in words; beside the documents."""
        if not found.get("eligibility"):
            return []
        title = both({"ar": "من يحق له التقديم", "en": "Who may apply"})
        return [self._add(f"{service}/requirement/eligibility/words", "Requirement", title=title,
                          identifier=f"{found['code']}/eligibility/words",
                          description=both(found["eligibility"]))]  # fmt: skip

    def _cost(self, line: Mapping[str, Any], service: str) -> dict[str, str]:
        """One fee. Its value is in pounds, as the profile has no smaller unit; only a fee that is always the same has
        one."""
        fixed = line["kind"] == "fixed" and line.get("when") is None and line.get("exempt_when") is None
        words = describe_fee(line)
        if line.get("source") == "unverified":
            words = {language: f"{words[language]} ({UNVERIFIED[language]})" for language in words}
        pounds = f"{line['amount'] // 100}.{line['amount'] % 100:02d}" if fixed else None
        return self._add(f"{service}/cost/{line['code']}", "Cost", description=both(words),
                         identifier=f"{service.rpartition('/')[2]}/{line['code']}",
                         hasValue={"@type": "xsd:double", "@value": pounds} if pounds else None,
                         currency=self._concept(CURRENCY, {"ar": "جنيه مصري", "en": "Egyptian pound"}),
                         isDefinedBy=[self._authority])  # fmt: skip

    def _output(self, output: Mapping[str, Any], service: str) -> dict[str, str]:
        kind = output["kind"]
        return self._add(f"{service}/output/{output['code']}", "Output", title=both(output["name"]),
                         identifier=f"{service.rpartition('/')[2]}/{output['code']}", language=self._languages()[:1],
                         type=[self._own("output", kind, OUTPUTS.get(kind, {"ar": kind, "en": kind}))])  # fmt: skip

    def _law(self, index: int, law: Mapping[str, Any], service: str) -> dict[str, str]:
        return self._add(f"{service}/law/{index + 1}", "LegalResource", title=both(law))


def _bindingness(document: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    """Whether a document is always asked for, on some answers, or may be brought."""
    if not document.get("required", True):
        return "optional", {"ar": "اختياري", "en": "Optional"}
    if document.get("when") is not None:
        return "conditional", {"ar": "مطلوب بحسب الإجابات", "en": "Required on some answers"}
    return "mandatory", {"ar": "مطلوب", "en": "Required"}


def _duration(period: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The statutory period as a duration. One in working days has no length in time of its own and is left out."""
    if not period or not period.get("days") or period.get("kind") != "calendar":
        return None
    return {"@type": "xsd:duration", "@value": f"P{period['days']}D"}

