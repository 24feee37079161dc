"""`python -m chassis`: patch before anything else is imported."""

# isort: off
import chassis.patched  # noqa: F401
from chassis.cli import main

# isort: on

main()
