"""python -m greeter [api|worker|all|migrate|ops …]"""

import os
from dataclasses import replace
from typing import Literal, cast

from deskstream_chassis.process import main
from greeter.bootstrap import SPEC

SERVER = cast(Literal["uvicorn", "granian"], os.environ.get("GREETER_SERVER", "uvicorn"))

main(replace(SPEC, server=SERVER))
