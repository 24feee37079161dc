"""A fee's formula in words, in the page's language: names are the questions of the form, words their options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.expression_tree import Binary, Call, Member, Name, Node, Number, Truth, Unary, Word, tree, write
from services.gateway.web.pages import shown

_SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷", "==": "=", "!=": "≠", "<=": "≤", ">=": "≥", "<": "<", ">": ">"}
_LINKS = {"and": "formula.and", "or": "formula.or"}
_BINDING = {"or": 1, "and": 2, "in": 4, "+": 5, "-": 5, "*": 6, "/": 6}
_LEAF, _COMPARED, _OTHER_BINDING = 9, 4, 0


def in_words(text: str, form: list[Mapping[str, Any]]) -> str:
    """The formula of a fee as a person reads it; the amount it tells is in piastres."""
    return _Teller(form).tell(tree(text)[0])


class _Teller:
    def __init__(self, form: list[Mapping[str, Any]]) -> None:
        self._fields = {field["name"]: field for field in form}

    def tell(self, node: Node) -> str:
        if isinstance(node, Number):
            return _number(node)
        if isinstance(node, Truth):
            return shown.text("yes" if node.value else "no")
        if isinstance(node, Word):
            return node.value
        if isinstance(node, Name):
            return self._name(node.name)
        if isinstance(node, Unary):
            within = self._within(node.of, _LEAF)
            return shown.text("formula.not", what=within) if node.sign == "not" else f"−{within}"
        if isinstance(node, Member):
            words = shown.joined([self._word(node.of, word) for word in node.words])
            return shown.text("formula.in", what=self.tell(node.of), words=words)
        if isinstance(node, Binary):
            return self._binary(node)
        return self._call(node)

    def _binary(self, node: Binary) -> str:
        binding = _BINDING.get(node.sign, _COMPARED)
        left, right = self._within(node.left, binding), self._within(node.right, binding + 1)
        if isinstance(node.right, Word):
            right = self._word(node.left, node.right)
        if isinstance(node.left, Word):
            left = self._word(node.right, node.left)
        if node.sign in _LINKS:
            return f"{left} {shown.text(_LINKS[node.sign])} {right}"
        return f"{left} {_SIGNS[node.sign]} {right}"

    def _within(self, node: Node, binding: int) -> str:
        """What stands inside another, in brackets where it would be misread without."""
        if isinstance(node, Binary):
            inner = _BINDING.get(node.sign, _COMPARED)
        elif isinstance(node, Call) and node.function == "if":
            inner = _OTHER_BINDING
        else:
            inner = _LEAF
        told = self.tell(node)
        return f"({told})" if inner < binding else told

    def _call(self, node: Call) -> str:
        given = [self.tell(one) for one in node.arguments]
        if node.function == "if":
            condition, then, otherwise = given
            if write(node.arguments[2]) == "0":
                return shown.text("formula.if", condition=condition, then=then)
            return shown.text("formula.if_else", condition=condition, then=then, otherwise=otherwise)
        if node.function in ("min", "max"):
            return shown.text(f"formula.{node.function}", what=shown.joined(given))
        return shown.text(f"formula.{node.function}", what=given[0])

    def _name(self, name: str) -> str:
        field = self._fields.get(name)
        return f"«{shown.named(field['label'])}»" if field else name

    def _word(self, beside: Node, word: Word) -> str:
        """The label of an option, where the word stands beside the question that offers it."""
        field = self._fields.get(beside.name) if isinstance(beside, Name) else None
        options = (field or {}).get("options") or ()
        label = next((option["label"] for option in options if option["value"] == word.value), None)
        return shown.named(label) if label else word.value


def _number(node: Number) -> str:
    return f"{node.value:,}" if isinstance(node.value, int) else write(node)
