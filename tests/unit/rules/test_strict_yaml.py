"""YAML in which a key stands once."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from rules import strict_yaml

FILES = [*Path("services/catalog/guide").glob("*.yaml"), Path("rules/roles.yaml"),
         *Path("services/notifications/templates").rglob("*.yaml")]


@pytest.mark.parametrize("text", [
    "a: 1\na: 2\n", "top:\n  b: 1\n  c: 2\n  b: 1\n", "- {a: 1, a: 1}\n", "a: 1\n'a': 2\n", "1: x\n0x1: y\n",
    "x: {y: {z: 1, z: 2}}\n"])
def test_a_key_that_stands_twice_is_an_error_that_says_where(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match=r"line \d+"):
        strict_yaml.load(text)


@pytest.mark.parametrize("text", [
    "a: 1\nb: 1\n", "- {a: 1}\n- {a: 2}\n", "x: {a: 1}\ny: {a: 1}\n", "", "a: null\n",
    "base: &b {a: 1, c: 3}\none: {<<: *b, a: 2}\ntwo: *b\n", "day: 2026-01-31\non: true\n"])
def test_everything_else_is_read_as_ever(text: str) -> None:
    assert strict_yaml.load(text) == yaml.safe_load(text)


def test_no_object_is_made_of_a_tag() -> None:
    with pytest.raises(yaml.YAMLError):
        strict_yaml.load("!!python/object/apply:os.getcwd []")


def test_a_key_that_is_no_plain_value() -> None:
    with pytest.raises(yaml.YAMLError):
        strict_yaml.load("? [a, b]\n: 1\n? {c: d}\n: 2\n")


@pytest.mark.parametrize("nested", ["[" * 300_000, "- " * 300_000, "{a: " * 300_000,
                                    "\n".join(" " * column + "a:" for column in range(3000))])
def test_what_is_nested_beyond_measure_is_an_error_and_no_end_of_the_process(nested: str) -> None:
    with pytest.raises((RecursionError, yaml.YAMLError)):
        strict_yaml.load(nested)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_our_own_files_are_read_as_before(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert strict_yaml.load(text) == yaml.safe_load(text)


def test_the_command_that_publishes_names_the_file(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from infra import node

    (tmp_path / "twice.yaml").write_text("code: a\ncode: b\n", encoding="utf-8")
    done = CliRunner().invoke(node.node, ["publish-guide", str(tmp_path)])
    assert done.exit_code == 1
    assert "twice.yaml" in done.output
    assert "'code' stands here" in done.output
