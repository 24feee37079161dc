"""`python -m contracts.definition FOLDER|FILE…`."""

import sys

from contracts.definition.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
