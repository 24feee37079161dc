"""A definition that is being written, drawn as far as it can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.drawing import svg
from rules.refusal import Refusal, refuse
from rules.workflow import Workflow


def drawn(body: Mapping[str, Any], language: str) -> str:
    """The workflow of a definition as SVG in `ar` or `en`, also of one that is not sound: what is missing is marked.
    Refuses workflow_malformed where it has no shape that could be drawn."""
    bodies = {str(one["code"]): one["name"] for one in body.get("external_bodies") or ()
              if isinstance(one, Mapping) and "code" in one and isinstance(one.get("name"), Mapping)}
    try:
        return svg(Workflow.parse(_drawable(body["workflow"])), language, bodies=bodies)
    except Refusal:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise refuse("workflow_malformed", "workflow", reason=repr(error)) from error


def _drawable(value: Any, key: str = "") -> Any:
    """A workflow of which something is still missing, with marks where it is, so that the rest is drawn."""
    if isinstance(value, list):
        return [_drawable(one, key) for one in value]
    if not isinstance(value, Mapping):
        return value
    made = {name: _drawable(one, name) for name, one in value.items()}
    if key == "actions":
        made = {"code": "?", "name": {}, **({} if "verdict" in made else {"to": "?"}), **made}
    if key in ("actions", "branches") or ("kind" in made and "name" in made):
        name = made.get("name")
        said = name if isinstance(name, Mapping) else {}
        made["name"] = {language: said.get(language) or "؟" for language in ("ar", "en")}
    for name in ("actions", "branches"):
        if name in made and not isinstance(made[name], list):
            made[name] = []
    return made
