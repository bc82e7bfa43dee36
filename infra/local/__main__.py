"""`python -m infra.local`: the `ac-advisor` command."""

from infra.local.cli import main

if __name__ == "__main__":
    main()
