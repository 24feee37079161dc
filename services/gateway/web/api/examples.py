"""An example of every request and every answer, made from the description itself: what a route gives stays, the rest
is drawn from the shape. The same each time; a test holds each against its schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contracts.examples import value

_FILES = {
    "application/pdf": "%PDF-1.7 …", "image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg">…</svg>',
    "application/octet-stream": "…bytes…", "image/*": "…bytes…", "text/plain": "stateDiagram-v2 …",
    "application/yaml": "code: shop-licence …", "application/xml": "<statement>…</statement>",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "…bytes…", "text/csv": "a,b",
}  # fmt: skip


def fill(described: dict[str, Any]) -> None:
    """Give every request body, answer and parameter of the description an example that it lacks."""
    parts = described["components"].get("schemas", {})
    for path, operations in described["paths"].items():
        for operation in (one for one in operations.values() if isinstance(one, dict)):
            for parameter in (*operations.get("parameters", ()), *operation.get("parameters", ())):
                if "example" not in parameter and "schema" in parameter:
                    parameter["example"] = value(parameter["schema"], parameter["name"], parts, 0)
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                _give(content, kind, path, parts)
            for status, answer in operation["responses"].items():
                for kind, content in answer.get("content", {}).items():
                    if status != "default":
                        _give(content, kind, path, parts)


def _give(content: dict[str, Any], kind: str, path: str, parts: Mapping[str, Any]) -> None:
    if "example" in content or "examples" in content:
        return
    if "json" not in kind and kind not in ("multipart/form-data", "application/x-www-form-urlencoded"):
        content["example"] = _FILES.get(kind, "…")
        return
    content["example"] = value(content.get("schema", {}), path.rpartition("/")[2], parts, 0)
