"""`python -m asl_local`: the command line. Knows the command line; must never know anything else."""

import sys

from asl_local.interfaces.cli import main

if __name__ == "__main__":
    sys.exit(main())
