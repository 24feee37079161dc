"""A form of the editor as a template draws it: plain nodes with names, values, choices and the faults that stand at
each. Which fault stands where: the deepest node of the form that lies on its path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rules import definition_paths
from rules.difference_words import WORDS
from services.gateway.web.pages import editor_conditions as conditions
from services.gateway.web.pages import editor_values
from services.gateway.web.pages.editor_options import Options
from services.gateway.web.pages.editor_reading import joined
from services.gateway.web.pages.editor_shapes import ABSENT, Group, Leaf, Pair, Rows, Shape, shown_in
from services.gateway.web.pages.texts import TEXTS

Node = dict[str, Any]
Fault = Mapping[str, Any]


class Builder:
    """Builds the nodes of one form in `language`, with the choices that the definition offers."""

    def __init__(self, options: Options, language: str) -> None:
        self._options, self._language = options, language
        self._types = options.types()

    def form(self, group: Group, value: Any, faults: Iterable[tuple[str, Fault]] = ()) -> Node:
        """The root node. `faults` with their paths relative to it."""
        root = self._group(group, value, "", "")
        nodes = {node["name"]: node for node in walk(root) if node["name"]}
        for path, fault in faults:
            place = next((nodes[one] for one in _upwards(path) if one in nodes), root)
            place["faults"].append(self._unread(place, fault) or fault_words(fault, self._language))
        return root

    def _unread(self, node: Node, fault: Fault) -> str:
        """What to write instead of what could not be read as its kind; nothing where that is not what is wrong."""
        kind = str(node["type"])
        key, typed = f"ed.write.{kind}", str(node.get("value", ""))
        if key not in TEXTS or not typed or (fault.get("params") or {}).get("rule") != "schema":
            return ""
        unread = isinstance(editor_values.parsed(kind, typed, None), str)
        return TEXTS[key][0 if self._language == "ar" else 1] if unread else ""

    def _build(self, shape: Shape, value: Any, path: str) -> Node:
        if isinstance(shape, Group):
            return self._group(shape, value, path, shape.key)
        if isinstance(shape, Rows):
            return self._rows(shape, value, path)
        return self._leaf(shape, value, path)

    def _group(self, group: Group, value: Any, path: str, key: str) -> Node:
        here = value if isinstance(value, Mapping) else {}
        children = [self._build(child, here.get(child.key, ABSENT), joined(path, child.key))
                    for child in group.children if shown_in(child, here)]
        return self._node("pair" if group.pair else "group", path, key, group, children=children,
                          optional=group.optional)

    def _rows(self, rows: Rows, value: Any, path: str) -> Node:
        items = value if isinstance(value, list) else []
        built = [self._group(rows.item, one, joined(path, str(index)), "") for index, one in enumerate(items)]
        for index, one in enumerate(built):
            one["title"] = _title(items[index], self._language)
        return self._node("rows", path, rows.key, rows, items=built, add=self._pick(rows.add))

    def _leaf(self, leaf: Leaf, value: Any, path: str) -> Node:
        if leaf.kind == "condition":
            return self._condition(leaf, value, path)
        node = self._node(leaf.kind, path, leaf.key, leaf)
        if leaf.kind == "flag":
            return {**node, "checked": leaf.default if value is ABSENT else value is True}
        if leaf.kind in ("many", "names"):
            chosen = [value] if isinstance(value, str) else value if isinstance(value, list) else []
            return {**node, "chosen": chosen, "options": self._choices(leaf.options, chosen)}
        if leaf.kind == "words":
            words = value if isinstance(value, list) else []
            return {**node, "value": "\n".join(map(str, words))}
        text = "" if value is ABSENT else editor_values.shown(leaf.kind, value)
        node["value"] = text
        if leaf.kind in ("one", "yes_no"):
            node["options"] = self._choices(leaf.options, [text] if text else [])
        return node

    def _condition(self, leaf: Leaf, value: Any, path: str) -> Node:
        node = self._node("condition", path, leaf.key, leaf)
        table = conditions.table_of(None if value is ABSENT else value)
        questions = self._choices("questions", [])
        if table is None:
            return {**node, "deep": True, "rows": []}
        rows = [self._row(row, joined(path, str(index))) for index, row in enumerate(table.rows)]
        rows.append({"at": joined(path, str(len(rows))), "field": "", "questions": questions, "tests": []})
        return {**node, "rows": rows, "join": table.join, "joins": self._choices("joins", []), "count": len(table.rows)}

    def _row(self, row: conditions.Row, at: str) -> Node:
        kind = self._types.get(row.field, "")
        offered = conditions.TESTS_OF.get(kind, conditions.OTHER_TESTS)
        names = dict(self._choices("tests", []))
        values = [editor_values.shown("bound", one) for one in row.values]
        answers = self._choices(f"answer:{row.field}", []) if kind in ("choice", "multi_choice", "boolean") else []
        return {"at": at, "field": row.field, "questions": self._choices("questions", [row.field]),
                "tests": [(one, names[one]) for one in (*offered,
                    *([row.test] if row.test and row.test not in offered else []))],
                "test": row.test, "values": values, "negated": row.negated, "answers": answers,
                "type": "date" if kind == "date" else "text", "number": kind in ("integer", "decimal")}

    def _choices(self, source: str, chosen: Sequence[str]) -> list[tuple[str, str]]:
        """The options by name; what is chosen and is none of them stands last under its own code."""
        offered = [(value, str(name.get(self._language) or value)) for value, name in self._options.of(source)]
        known = {value for value, _ in offered}
        return offered + [(one, f"{one} ?") for one in chosen if one and one not in known]

    def _node(self, type_: str, path: str, key: str, shape: Shape, **more: Any) -> Node:
        label = self._pick(shape.label) or WORDS.get(key, {}).get(self._language, key)
        return {"type": type_, "name": path, "label": label, "help": self._pick(shape.help), "faults": [], **more}

    def _pick(self, pair: Pair | None) -> str:
        return "" if pair is None else pair[0 if self._language == "ar" else 1]


def walk(node: Node) -> Iterable[Node]:
    """A node and all below it."""
    yield node
    for inner in (*node.get("children", ()), *node.get("items", ())):
        yield from walk(inner)


def posted(node: Node) -> list[tuple[str, str]]:
    """What a browser sends of a form that nobody has touched."""
    found: list[tuple[str, str]] = []
    for one in walk(node):
        kind, name = one["type"], one["name"]
        if kind == "flag":
            found += [(name, "on")] if one["checked"] else []
        elif kind in ("many", "names"):
            found += [(name, value) for value, _ in one["options"] if value in one["chosen"]]
        elif kind == "condition":
            found += _posted_condition(one)
        elif kind not in ("group", "pair", "rows", "code"):
            found.append((name, one["value"]))
    return found


def _posted_condition(node: Node) -> list[tuple[str, str]]:
    found = [(f"{node['name']}/join", node.get("join", ""))] if not node.get("deep") else []
    for row in node["rows"]:
        at = row["at"]
        found.append((f"{at}/field", row["field"]))
        if not row["tests"]:
            continue
        found.append((f"{at}/test", row["test"]))
        if row["test"] == conditions.ONE_OF and not row["answers"]:
            found.append((f"{at}/value", ", ".join(row["values"])))
        elif row["test"] == conditions.BETWEEN:
            found += [(f"{at}/value", row["values"][0]), (f"{at}/until", row["values"][1])]
        else:
            found += [(f"{at}/value", value) for value in row["values"]]
        found += [(f"{at}/not", "on")] if row["negated"] else []
    return found


# -- faults ----------------------------------------------------------------------------------------------------------


def steps_of(body: Any, field: str | None) -> tuple[str, ...]:
    """The path of a fault with places in lists for codes, as the names of a form have them: what rules say of
    `workflow/states/decision/actions/reject` stands at `…/actions/1`."""
    here, steps = body, []
    for step in (field or "").split("/"):
        if isinstance(here, list):
            place = int(step) if step.isdigit() else next(
                (index for index, one in enumerate(here) if definition_paths.key(one) == step), None)
            if place is None or place >= len(here):
                steps.append(step)
                here = None
                continue
            steps.append(str(place))
            here = here[place]
        else:
            steps.append(step)
            here = here.get(step) if isinstance(here, Mapping) else None
    return tuple(steps)


def under(faults: Iterable[Fault], body: Any, path: tuple[str, ...]) -> list[tuple[str, Fault]]:
    """Those of the faults that lie at or under a path, with what is left of theirs."""
    found = []
    for fault in faults:
        steps = steps_of(body, fault.get("field"))
        if steps[:len(path)] == path:
            found.append(("/".join(steps[len(path):]), fault))
    return found


def fault_words(fault: Fault, language: str) -> str:
    """What a fault says, without saying each time that the definition is not valid. A condition that is not finished
    is told as its rows are filled in."""
    said = fault.get("params") or {}
    if str(fault.get("field")).rpartition("/")[2] in ("when", "exempt_when") and said.get("rule") == "schema":
        return TEXTS["ed.condition.unfinished"][0 if language == "ar" else 1]
    return str(said.get(language) or fault.get(language) or fault.get("code"))


def place_words(body: Any, field: str | None, language: str) -> str:
    """Where a fault stands, as people say it: names of what the definition has, words for its keys."""
    here, words = body, []
    for step in steps_of(body, field):
        here = here[int(step)] if isinstance(here, list) and step.isdigit() and int(step) < len(here) else (
            here.get(step) if isinstance(here, Mapping) else None)
        word = WORDS.get(step, {}).get(language) or ("" if step.isdigit() else step)
        words.append(_title(here, language) or (str(int(step) + 1) if step.isdigit() else word))
    return " – ".join(words)


def _upwards(path: str) -> Iterable[str]:
    steps = path.split("/")
    while steps:
        yield "/".join(steps)
        steps.pop()


def _title(item: Any, language: str) -> str:
    """What an item of a list is called, for its heading."""
    for key in ("name", "label", "text"):
        text = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(text, Mapping) and (text.get(language) or text.get("ar")):
            return str(text.get(language) or text.get("ar"))[:80]
    own = item.get(language) if isinstance(item, Mapping) else None
    return str(own)[:80] if isinstance(own, str) else ""
