"""python -m notifier [api|worker|all|migrate|ops …]"""

from deskstream_chassis.process import main
from notifier.bootstrap import SPEC

main(SPEC)
