"""The documentation says what is true: generated pages are fresh, links lead somewhere, commands and tests that are
named exist, and figures that stand in the code are the ones on the page."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from chassis import calls, cli, inbox, runner
from chassis.bus import link, rabbit
from infra import docs, node
from rules import webhook
from services.gateway import __main__ as staff
from services.notifications import __main__ as campaigns
from services.notifications import states
from services.payments import __main__ as books
from services.payments import errands

ROOT = docs.ROOT
FOLDERS = ("docs", "rules", "contracts", "chassis", "services", "infra", "tests")
READMES = ("README.md", "README.ar.md")
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"|!\[[^\]]*\]\(([^)\s]+)\)")
_NAMED = re.compile(r"`((?:tests|services|chassis|infra|rules|contracts|docs)/[\w./-]+\.\w+)(?:::(\w+))?`")
_FENCE = re.compile(r"```.*?```", re.DOTALL)


def _documents() -> list[Path]:
    found = [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in (ROOT / folder).rglob("*.md"))]
    return sorted(page for page in found if "node_modules" not in page.parts)


def _text(path: str | Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", _text(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


PAGES = docs.pages()


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_generated_page_is_what_the_code_says(name):
    assert _text(docs.FOLDER / name) == PAGES[name], f"stale: {docs.COMMAND}"


@pytest.mark.parametrize("document", _documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document):
    for groups in _LINK.findall(_FENCE.sub("", _text(document))):
        target = next(group for group in groups if group)
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), f"{document.name}: {target}"
        if anchor:
            assert anchor in _anchors(found), f"{document.name}: {target}"


@pytest.mark.parametrize("document", _documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_named_exists(document):
    text = _text(document)
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), re.MULTILINE))
    named = re.findall(r"(?:`|^|; |&& )make ([a-z][a-z-]*)", text, re.MULTILINE)
    assert set(named) <= targets, document.name
    for module, arguments in re.findall(r"python -m ([\w.]+)((?: [a-z][\w-]*)*)", text):
        if module != "pip":
            assert importlib.util.find_spec(module), f"{document.name}: python -m {module}"
        command = {"chassis": cli.main, "infra.node": node.node, "services.payments": books.main,
                   "services.notifications": campaigns.main,
                   "services.gateway": staff.main}.get(module)
        for word in arguments.split():
            if not hasattr(command, "commands"):
                break
            assert word in command.commands, f"{document.name}: python -m {module}{arguments}"
            command = command.commands[word]


@pytest.mark.parametrize("document", _documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_and_test_named_exists(document):
    text = _text(document)
    for path, test in _NAMED.findall(text):
        assert (ROOT / path).exists(), f"{document.name}: {path}"
        assert not test or f"def {test}(" in _text(path), f"{document.name}: {path}::{test}"


def test_both_readmes_name_the_same_commands_and_places():
    english, arabic = (_text(name) for name in READMES)
    blocks = [[re.sub(r"\s+#.*", "", block) for block in _FENCE.findall(text)] for text in (english, arabic)]
    assert blocks[0] == blocks[1]
    assert english.count("\n## ") == arabic.count("\n## ")
    assert english.count("\n|") == arabic.count("\n|")
    links = [{next(filter(None, groups)) for groups in _LINK.findall(text)} for text in (english, arabic)]
    assert links[0] - set(READMES) == links[1] - set(READMES)


def test_every_decision_has_its_parts():
    pages = sorted((docs.FOLDER / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04}" for number in range(1, len(pages) + 1)]
    for page in pages:
        headings = re.findall(r"^## (.+)$", _text(page), re.MULTILINE)
        assert headings[:2] == ["Context", "Decision"], page.name
        assert headings[-1] == "Consequences", page.name


def test_the_architecture_names_every_process_and_every_decision():
    text = _text("docs/architecture.md")
    assert [name for name in (*runner.SERVICES, *runner.PROCESSES) if f"\n| {name}" not in text] == []
    pages = (docs.FOLDER / "decisions").glob("*.md")
    assert [page.name for page in pages if f"(decisions/{page.name})" not in text] == []


def test_the_retry_table_is_the_codes():
    text = _text("docs/delivery-guarantees.md")

    def listed(waits) -> str:
        return ", ".join(f"{wait:g}" for wait in waits)

    for waits in (inbox.RETRY, link._BACKOFF, errands.SEND_AGAIN, errands.ASK_AGAIN, states.BACK_OFF_MINUTES,
                  webhook._PAUSES, webhook._OPEN):
        assert listed(waits) in text, listed(waits)
    for figure in (f"{inbox.GAP} s", f"{inbox.GAP_MOST} s",
                   f"{calls._PAUSE:g} s", f"{calls._LONGEST_PAUSE:g} s",
                   f"{calls.TIMEOUT:g} s", f"{rabbit.CONFIRM_TIMEOUT:g} s",
                   f"{states.LIFETIME.total_seconds() / 3600:g} hours", f"{rabbit.BATCH} events"):
        assert figure in text, figure
