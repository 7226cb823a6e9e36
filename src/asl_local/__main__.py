"""`python -m asl_local`: the command line. Knows the command line; must never know anything else."""

from asl_local.interfaces.cli import main

if __name__ == "__main__":
    main()
