"""What the mailbox does wrong on request, and how often it did."""

import re
import time
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as wrong:
        raise ValueError(f"no regular expression: {wrong}") from None
    return text


Code = Annotated[int, Field(ge=400, le=599)]


class Faults(BaseModel):
    """The faults to come; counts go down as they happen."""

    model_config = ConfigDict(extra="forbid")

    refuse: dict[Annotated[str, AfterValidator(_pattern)], Code] = {}
    """A recipient that matches the regular expression gets this code at RCPT."""
    drop_after_data: Annotated[int, Field(ge=0)] = 0
    """The next n mails are accepted and kept, then the connection breaks without an answer."""
    hang_after_data: Annotated[int, Field(ge=0)] = 0
    """The next n mails are accepted and kept, then no answer comes."""
    refuse_data: dict[Code, Annotated[int, Field(ge=0)]] = {}
    """The next n mails get this code after DATA and are not kept."""
    delay_seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    """Each mail waits so long before it is kept and answered."""
    unavailable_seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0
    """For so long from now on each MAIL command gets 421."""


class Happened(BaseModel):
    """How often each fault occurred since they were set."""

    refused: int = 0
    dropped: int = 0
    hung: int = 0
    refused_data: int = 0
    delayed: int = 0
    unavailable: int = 0


class Misbehaviour:
    """The faults set at present, asked by the SMTP side."""

    def __init__(self) -> None:
        self.set(Faults())

    def set(self, faults: Faults) -> None:
        """Replace the faults and begin to count anew."""
        self.faults = faults
        self.happened = Happened()
        self._until = time.monotonic() + faults.unavailable_seconds

    def unavailable(self) -> bool:
        """Whether MAIL is to be refused just now."""
        if time.monotonic() >= self._until:
            return False
        self.happened.unavailable += 1
        return True

    def refused(self, recipient: str) -> int | None:
        """The code for this recipient, if any."""
        for pattern, code in self.faults.refuse.items():
            if re.search(pattern, recipient):
                self.happened.refused += 1
                return code
        return None

    def refused_data(self) -> int | None:
        """The code after DATA, if any."""
        for code, left in self.faults.refuse_data.items():
            if left > 0:
                self.faults.refuse_data[code] = left - 1
                self.happened.refused_data += 1
                return code
        return None

    def drops(self) -> bool:
        """Whether the connection is to break now."""
        if self.faults.drop_after_data == 0:
            return False
        self.faults.drop_after_data -= 1
        self.happened.dropped += 1
        return True

    def hangs(self) -> bool:
        """Whether the answer is to stay out now."""
        if self.faults.hang_after_data == 0:
            return False
        self.faults.hang_after_data -= 1
        self.happened.hung += 1
        return True
