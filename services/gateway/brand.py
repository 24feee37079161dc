"""A governorate's colours on its own portal: one colour a governorate (brands.csv, ours: no governorate has published
any), and every token that pages take from it, in light and dark. What must be read on what is `PAIRS`; a test holds it
for every governorate by the contrast of WCAG 2.2."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from rules import places

FILE = Path(__file__).with_name("brands.csv")
LIGHT: Mapping[str, str] = MappingProxyType({"ink": "#14242b", "muted": "#4d5f67", "paper": "#ffffff",
                                             "ground": "#f5f2ea"})  # fmt: skip
DARK: Mapping[str, str] = MappingProxyType({"ink": "#e8edef", "muted": "#aebbc1", "paper": "#1a262b",
                                            "ground": "#10191d"})  # fmt: skip
"""What stands in static/style.css and is no governorate's own."""
WHITE, BLACK = "#ffffff", "#000000"
TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2: 1.4.3 for text, 1.4.11 for what makes a control visible
PAIRS: tuple[tuple[str, str, float], ...] = (
    ("on-brand", "brand", TEXT), ("on-brand", "brand-deep", TEXT), ("on-brand-soft", "brand", TEXT),
    ("link", "paper", TEXT), ("link", "ground", TEXT), ("link", "brand-pale", TEXT), ("ink", "brand-pale", TEXT),
    ("muted", "brand-pale", TEXT), ("edge", "paper", SHAPE), ("edge", "ground", SHAPE),
)  # fmt: skip
"""Foreground, background, and the least contrast between them."""


def contrast(one: str, other: str) -> float:
    """The contrast of two colours as `#rrggbb`, 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: str, other: str, share: float) -> str:
    """`colour` with this share of `other` in it."""
    channels = (round(a + (b - a) * share) for a, b in zip(_channels(colour), _channels(other), strict=True))
    return "#" + "".join(f"{channel:02x}" for channel in channels)


def tokens(colour: str, *, dark: bool) -> dict[str, str]:
    """The tokens that a portal takes from its governorate's colour, by name."""
    if dark:
        return {"brand": colour, "brand-deep": mixed(colour, WHITE, 0.1), "brand-pale": mixed(colour, BLACK, 0.55),
                "on-brand": WHITE, "on-brand-soft": mixed(WHITE, colour, 0.12), "link": mixed(colour, WHITE, 0.68),
                "edge": mixed(colour, WHITE, 0.45)}  # fmt: skip
    return {"brand": colour, "brand-deep": mixed(colour, BLACK, 0.3), "brand-pale": mixed(colour, WHITE, 0.9),
            "on-brand": WHITE, "on-brand-soft": mixed(WHITE, colour, 0.12), "link": colour, "edge": colour}  # fmt: skip


@cache
def colours() -> Mapping[str, str]:
    """The colour of each governorate by its ISO code. A governorate without one, or one that is none, is an error of
    the file."""
    with FILE.open(encoding="utf-8", newline="") as file:
        found = {row["governorate"]: row["brand"] for row in csv.DictReader(file)}
    if set(found) != set(places.governorates()):
        raise ValueError(f"brands.csv: {sorted(set(found) ^ set(places.governorates()))}")
    return MappingProxyType(found)


@cache
def stylesheet(governorate: str) -> tuple[str, str]:
    """The style sheet of a node's portal, and a digest of it. Nothing where the node is of no governorate."""
    colour = colours().get(governorate)
    css = ""
    if colour is not None:
        light, dark = _declared(tokens(colour, dark=False)), _declared(tokens(colour, dark=True))
        css = f":root {{ {light} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n"
    return css, hashlib.sha256(css.encode()).hexdigest()[:12]


def _declared(found: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {value};" for name, value in found.items())


def _channels(colour: str) -> tuple[int, int, int]:
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"a colour is #rrggbb, not {colour}")
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (
        part / 12.92 if (part := channel / 255) <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for channel in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
