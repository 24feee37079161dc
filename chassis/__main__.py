"""`python -m chassis`: patch before anything else is imported."""

from chassis.runner import SERVICES  # noqa: F401  (imports and patches)
from chassis.cli import main

main()
