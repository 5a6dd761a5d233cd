"""What commands of a shell share: reading arguments, telling of errors by their code."""

import argparse
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NoReturn, TypeVar

from deskstream_chassis.caller import Caller, system_caller
from deskstream_chassis.operations import OperationFailed
from gateway.application.acting import OPERATOR_NAME
from gateway.domain.errors import GatewayError

Command = Callable[[Sequence[str]], Awaitable[Any]]
T = TypeVar("T")


class Parser(argparse.ArgumentParser):
    """Raises OperationFailed where argparse would end the process."""

    def error(self, message: str) -> NoReturn:
        raise OperationFailed(f"usage: {message}")


def operator() -> Caller:
    """Whoever may run commands on the installation."""
    return system_caller(OPERATOR_NAME)


async def told(result: Awaitable[T]) -> T:
    """The result. Raises OperationFailed with the code of what was refused."""
    try:
        return await result
    except GatewayError as error:
        raise OperationFailed(error.code) from None
