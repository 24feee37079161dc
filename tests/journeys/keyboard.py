"""Somebody at a window who has a keyboard and nothing else: every key is counted, and every screen that a key leads to.

Characters of what is typed are content; every other key press is control, a chord as many as it has keys. The digit
that chooses an answer is control too. A file dialog is the operating system's and cannot be driven from here: it
costs DIALOG_KEYS, all files of the scanner's folder and Enter.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, expect

from tests.support import papers

DIALOG_KEYS = 3  # Ctrl+A, Enter


@dataclass
class Keyboard:
    page: Page
    control: int = 0
    content: int = 0
    screens: int = 0
    told: list[str] = field(default_factory=list)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.control += key.count("+") + 1

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)
        self.content += len(text)

    def fill(self, name: str, text: str) -> None:
        """Type into the field on which the focus is, which is to be this one, and go on."""
        self.at(name)
        self.type(text)
        self.press("Enter")

    def choose(self, name: str, digit: str) -> None:
        """Choose the answer of this number to the question on which the focus is, and go on."""
        self.at(name)
        self.press(digit)
        self.press("Enter")

    def at(self, name: str) -> None:
        """The focus is on the field of this name, without anybody having clicked."""
        expect(self.page.locator(f":focus[name='{name}']")).to_have_count(1)

    @contextmanager
    def going(self) -> Iterator[None]:
        """The key inside leads to another screen."""
        with self.page.expect_navigation(wait_until="load"):
            yield
        self.screens += 1

    def scanned(self, names: Sequence[str], key: str = "Space") -> None:
        """Open the dialog from the field on which the focus is, or with the key that does so from anywhere, and take
        these files from the scanner's folder."""
        if key == "Space":
            self.at("scans")
        with self.page.expect_file_chooser() as chooser:
            self.press(key)
        self.control += DIALOG_KEYS
        files: list[Any] = [
            {"name": name, "mimeType": "application/pdf", "buffer": papers.ONE_PAGE + f"\n%{name}".encode()}
            for name in names
        ]
        chooser.value.set_files(files)

    def counted(self) -> dict[str, int]:
        return {"screens": self.screens, "control": self.control, "content": self.content}
