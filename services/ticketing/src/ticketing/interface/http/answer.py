"""What all bodies of answers are made of."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

Time = Annotated[datetime, AfterValidator(lambda at: at.astimezone(UTC))]


class Answer(BaseModel):
    """Read from a result's attributes."""

    model_config = ConfigDict(from_attributes=True)


class RequesterOut(Answer):
    """Who has the concern."""

    name: str | None
    email: str | None
