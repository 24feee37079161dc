"""The guide as CPSV-AP 3.2.0, read by an RDF library and held against the profile's own demands."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.request import OpenerDirector

import pytest
from rdflib import Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCAT, DCTERMS, FOAF, ORG, RDF, SKOS, XSD

from contracts.exchange import Published, WholeGuide, cpsv
from tests.unit.gateway.ground import definitions

CV = Namespace("http://data.europa.eu/m8g/")
CPSV = Namespace("http://purl.org/vocab/cpsv#")
ELI = Namespace("http://data.europa.eu/eli/ontology#")
ATU = URIRef("http://data.europa.eu/88u/dataset/atu-type")
TEXT = RDF.langString
MANY = 10_000

# Class, property, least, most, and what its values are: a class that they are typed as, a datatype, or None for any.
# Source: the SHACL shapes of release 3.2.0 (https://semiceu.github.io/CPSV-AP/releases/3.2.0/).
PROFILE: list[tuple[URIRef, URIRef, int, int, URIRef | None]] = [
    (CPSV.PublicService, DCTERMS.identifier, 1, 1, None),
    (CPSV.PublicService, DCTERMS.title, 1, MANY, TEXT),
    (CPSV.PublicService, DCTERMS.description, 1, MANY, TEXT),
    (CPSV.PublicService, CV.hasCompetentAuthority, 1, MANY, CV.PublicOrganisation),
    (CPSV.PublicService, DCTERMS.isPartOf, 0, MANY, DCAT.Dataset),
    (CPSV.PublicService, DCTERMS.language, 0, MANY, DCTERMS.LinguisticSystem),
    (CPSV.PublicService, DCTERMS.spatial, 0, MANY, DCTERMS.Location),
    (CPSV.PublicService, DCAT.keyword, 0, MANY, TEXT),
    (CPSV.PublicService, CV.processingTime, 0, 1, XSD.duration),
    (CPSV.PublicService, CV.hasChannel, 0, MANY, CV.Channel),
    (CPSV.PublicService, CV.hasCost, 0, MANY, CV.Cost),
    (CPSV.PublicService, CPSV.hasInput, 0, MANY, CV.Evidence),
    (CPSV.PublicService, CPSV.produces, 0, MANY, CV.Output),
    (CPSV.PublicService, CV.holdsRequirement, 0, MANY, CV.Requirement),
    (CPSV.PublicService, CV.hasLegalResource, 0, MANY, ELI.LegalResource),
    (CPSV.PublicService, CV.isGroupedBy, 0, MANY, CV.Event),
    (CPSV.PublicService, CV.thematicArea, 0, MANY, SKOS.Concept),
    (CPSV.PublicService, CV.sector, 0, MANY, SKOS.Concept),
    (CPSV.PublicService, DCTERMS.audience, 0, MANY, SKOS.Concept),
    (CV.PublicOrganisation, SKOS.prefLabel, 1, MANY, TEXT),
    (CV.PublicOrganisation, DCTERMS.spatial, 1, MANY, ATU),
    (FOAF.Agent, DCTERMS.identifier, 1, 1, None),
    (FOAF.Agent, DCTERMS.title, 1, MANY, TEXT),
    (DCAT.Dataset, DCTERMS.title, 1, MANY, TEXT),
    (DCAT.Dataset, DCTERMS.description, 1, MANY, TEXT),
    (DCAT.Dataset, DCTERMS.publisher, 1, 1, FOAF.Agent),
    (DCAT.Dataset, DCTERMS.hasPart, 0, MANY, CPSV.PublicService),
    (DCAT.Dataset, DCAT.landingPage, 0, MANY, FOAF.Document),
    (CV.Channel, DCTERMS.identifier, 1, 1, None),
    (CV.Channel, DCTERMS.type, 0, 1, SKOS.Concept),
    (CV.Channel, DCTERMS.description, 0, MANY, TEXT),
    (CV.Channel, CV.ownedBy, 0, MANY, ORG.Organization),
    (CV.Cost, DCTERMS.identifier, 1, 1, None),
    (CV.Cost, CV.hasValue, 0, 1, XSD.double),
    (CV.Cost, CV.currency, 0, 1, SKOS.Concept),
    (CV.Cost, DCTERMS.description, 0, MANY, TEXT),
    (CV.Cost, CV.isDefinedBy, 0, MANY, ORG.Organization),
    (CV.Evidence, DCTERMS.identifier, 1, 1, None),
    (CV.Evidence, DCTERMS.title, 1, MANY, TEXT),
    (CV.Evidence, DCTERMS.type, 0, 1, SKOS.Concept),
    (CV.Evidence, DCTERMS.language, 0, MANY, DCTERMS.LinguisticSystem),
    (CV.Evidence, CV.supportsRequirement, 0, MANY, CV.Requirement),
    (CV.Requirement, DCTERMS.identifier, 1, 1, None),
    (CV.Requirement, DCTERMS.title, 1, MANY, TEXT),
    (CV.Requirement, DCTERMS.type, 0, MANY, SKOS.Concept),
    (CV.Requirement, CV.hasSupportingEvidence, 0, MANY, CV.Evidence),
    (CV.Output, DCTERMS.identifier, 1, 1, None),
    (CV.Output, DCTERMS.title, 1, MANY, TEXT),
    (CV.Output, DCTERMS.type, 0, MANY, SKOS.Concept),
    (CV.Event, DCTERMS.identifier, 1, 1, None),
    (CV.Event, DCTERMS.title, 1, MANY, TEXT),
    (CV.Event, CV.hasRelatedService, 0, MANY, CPSV.PublicService),
]


def breaches(graph: Graph) -> list[str]:
    """Everything in a graph that the profile does not allow."""
    found = []
    for kind, path, least, most, wanted in PROFILE:
        for node in graph.subjects(RDF.type, kind):
            values = list(graph.objects(node, path))
            if not least <= len(values) <= most:
                found.append(f"{node} has {len(values)} of {path}")
            for value in values:
                if wanted is None:
                    fits = isinstance(value, Literal)
                elif isinstance(value, Literal):
                    datatype = TEXT if value.language else value.datatype
                    fits = datatype == wanted and not value.ill_typed
                else:
                    fits = (value, RDF.type, wanted) in graph
                if not fits:
                    found.append(f"{node} {path} is {value!r}, not a {wanted}")
    return found


def whole(*found: dict[str, Any]) -> WholeGuide:
    return WholeGuide("EG-C", "https://guide.example", date(2026, 11, 22), "tag",
                      [Published(one["code"], 2, date(2026, 1, 1), one) for one in found])  # fmt: skip


@pytest.fixture(scope="module")
def every() -> list[dict[str, Any]]:
    return [row.document for row in definitions()]


@pytest.fixture(scope="module")
def graph(every: list[dict[str, Any]]) -> Graph:
    return Graph().parse(data=cpsv.to_jsonld(whole(*every)), format="json-ld")


def test_the_whole_guide_keeps_to_the_profile(graph: Graph, every: list[dict[str, Any]]) -> None:
    assert breaches(graph) == []
    services = set(graph.subjects(RDF.type, CPSV.PublicService))
    assert len(services) == len(every) > 0
    for kind, *_ in PROFILE:
        assert (None, RDF.type, kind) in graph, f"nothing of {kind} is exported, so nothing of it was checked"


@pytest.mark.parametrize(("path", "kind"), [
    (CV.hasCompetentAuthority, CPSV.PublicService), (DCTERMS.spatial, CV.PublicOrganisation),
    (DCTERMS.title, CV.Evidence), (DCTERMS.identifier, CV.Cost),
])  # fmt: skip
def test_the_check_finds_what_is_missing(every: list[dict[str, Any]], path: URIRef, kind: URIRef) -> None:
    broken = Graph().parse(data=cpsv.to_jsonld(whole(every[0])), format="json-ld")
    node = next(iter(broken.subjects(RDF.type, kind)))
    broken.remove((node, path, None))
    assert any(str(node) in breach for breach in breaches(broken))


def test_every_service_says_its_mandatory_properties_in_both_languages(
    graph: Graph, every: list[dict[str, Any]]
) -> None:
    rows = graph.query("""
        PREFIX cpsv: <http://purl.org/vocab/cpsv#> PREFIX cv: <http://data.europa.eu/m8g/>
        PREFIX dct: <http://purl.org/dc/terms/> PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
        SELECT ?code ?ar ?en ?about ?label ?area WHERE {
          ?service a cpsv:PublicService; dct:identifier ?code; dct:title ?ar, ?en; dct:description ?about;
                   cv:hasCompetentAuthority ?authority.
          ?authority a cv:PublicOrganisation; skos:prefLabel ?label; dct:spatial/skos:prefLabel ?area.
          FILTER(lang(?ar) = "ar" && lang(?en) = "en" && lang(?about) = "ar")
          FILTER(lang(?label) = "ar" && lang(?area) = "en")
        }""")
    told = {str(row.code): (str(row.ar), str(row.en), str(row.about), str(row.label), str(row.area)) for row in rows}  # type: ignore[union-attr]
    assert told == {one["code"]: (one["name"]["ar"], one["name"]["en"], one["summary"]["ar"], "محافظة القاهرة", "Cairo")
                    for one in every}  # fmt: skip


def test_nothing_of_a_definition_is_lost_that_the_vocabulary_has_a_place_for(
    graph: Graph, every: list[dict[str, Any]]
) -> None:
    for one in every:
        service = URIRef(f"https://guide.example/id/service/{one['code']}")
        for path, part in ((CV.hasChannel, "channels"), (CPSV.hasInput, "documents"), (CV.hasCost, "fees"),
                           (CPSV.produces, "outputs"), (CV.hasLegalResource, "legal_basis"),
                           (DCTERMS.audience, "applicants")):  # fmt: skip
            assert len(list(graph.objects(service, path))) == len(one[part]), (one["code"], part)
        wanted = one["period"]["kind"] == "calendar" and one["period"]["days"] > 0
        times = [str(value) for value in graph.objects(service, CV.processingTime)]
        assert times == ([f"P{one['period']['days']}D"] if wanted else [])


def test_only_a_fee_that_is_always_the_same_has_an_amount(graph: Graph, every: list[dict[str, Any]]) -> None:
    valued = {str(cost).partition("/service/")[2]: float(value.toPython())  # type: ignore[union-attr]
              for cost, value in graph.subject_objects(CV.hasValue)}  # fmt: skip
    assert valued == {
        f"{one['code']}/cost/{line['code']}": line["amount"] / 100
        for one in every
        for line in one["fees"]
        if line["kind"] == "fixed" and line.get("when") is None and line.get("exempt_when") is None
    }
    assert valued
    currencies = set(graph.objects(None, CV.currency))
    assert currencies == {URIRef("http://publications.europa.eu/resource/authority/currency/EGP")}


def test_every_term_of_a_code_list_is_typed_and_named_in_both_languages(graph: Graph) -> None:
    concepts = set(graph.subjects(RDF.type, SKOS.Concept))
    assert concepts
    for concept in concepts:
        assert {label.language for label in graph.objects(concept, SKOS.prefLabel)} == {"ar", "en"}, concept  # type: ignore[union-attr]


def test_a_business_event_is_told_from_a_life_event(graph: Graph) -> None:
    events = {str(event).rpartition("/")[2]: kind for kind in (CV.BusinessEvent, CV.LifeEvent)
              for event in graph.subjects(RDF.type, kind)}  # fmt: skip
    assert events["starting-a-business"] == CV.BusinessEvent and events["building-a-home"] == CV.LifeEvent


def test_every_key_stands_in_the_context_and_nothing_is_fetched(
    every: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    document = json.loads(cpsv.to_jsonld(whole(*every)))
    assert isinstance(document["@context"], dict)
    used = {key for node in document["@graph"] for key in node if not key.startswith("@")}
    kinds = {kind for node in document["@graph"]
             for kind in (node["@type"] if isinstance(node["@type"], list) else [node["@type"]])}  # fmt: skip
    assert used | kinds <= set(document["@context"])

    def no_network(*args: Any, **options: Any) -> Any:
        raise AssertionError("the document made its reader fetch something")

    monkeypatch.setattr(OpenerDirector, "open", no_network)
    assert len(Graph().parse(data=json.dumps(document), format="json-ld")) > 0


def test_names_of_nodes_are_unique_addresses(every: list[dict[str, Any]]) -> None:
    names = [node["@id"] for node in json.loads(cpsv.to_jsonld(whole(*every)))["@graph"]]
    assert len(set(names)) == len(names) and all(name.startswith("http") and " " not in name for name in names)
