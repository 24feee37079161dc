"""The line between this place and the other one (README.md)."""
