"""Every operation of the API shows a request, where it takes one, and an answer; each is what its schema says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.unit.gateway.ground import Service, client_of


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = client_of(Service()).get("/api/v1/openapi.json").get_json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield f"{method.upper()} {path}", operation


def contents(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Where it stands, the media type and the content of each request and each answer that has one."""
    for name, operation in operations(document):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            yield f"{name} asks", kind, content
        for status, answer in operation["responses"].items():
            for kind, content in answer.get("content", {}).items():
                if status != "default":
                    yield f"{name} answers {status}", kind, content


def shown(content: dict[str, Any]) -> list[Any]:
    return [content["example"]] if "example" in content else [one["value"] for one in content["examples"].values()]


def faults(document: dict[str, Any], content: dict[str, Any]) -> list[str]:
    schema = {**content["schema"], "components": document["components"]}
    checked = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{one.json_path}: {one.message}"[:300] for value in shown(content) for one in checked.iter_errors(value)]


def test_every_request_and_every_answer_has_an_example(document: dict[str, Any]) -> None:
    assert [where for where, _, content in contents(document) if not {"example", "examples"} & set(content)] == []
    for name, operation in operations(document):
        answered = {code: one for code, one in operation["responses"].items() if code != "default"}
        assert answered, name
        assert all(code in ("204", "304") or one.get("content") for code, one in answered.items()), name


def test_every_example_is_what_its_schema_says(document: dict[str, Any]) -> None:
    wrong = {where: found for where, kind, content in contents(document)
             if "json" in kind and "schema" in content and (found := faults(document, content))}
    assert wrong == {}


def test_an_example_that_is_not_would_be_found(document: dict[str, Any]) -> None:
    content = document["paths"]["/api/v1/keys"]["post"]["requestBody"]["content"]["application/json"]
    assert faults(document, content) == []
    assert faults(document, {**content, "example": {"name": "x", "scopes": []}})


def test_every_parameter_shows_what_it_looks_like(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for one in [*methods.get("parameters", []), *(
                parameter for name, operation in operations({"paths": {path: methods}})
                for parameter in operation.get("parameters", []))]:
            assert "example" in one, (path, one["name"])


def test_the_description_is_the_same_each_time(document: dict[str, Any]) -> None:
    app = client_of(Service()).application
    kept = app.extensions.pop("openapi_document")
    assert client_of(Service()).get("/api/v1/openapi.json").get_json() == document
    app.extensions["openapi_document"] = kept
