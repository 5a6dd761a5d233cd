"""`python -m ticketing [api|worker|all|migrate|ops …]`."""

from deskstream_chassis.process import main
from ticketing.bootstrap import SPEC

if __name__ == "__main__":
    main(SPEC)
