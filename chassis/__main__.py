"""`python -m chassis`: patch before anything else is imported."""

from chassis.cli import main
from chassis.runner import SERVICES  # noqa: F401  (imports and patches)

main()
