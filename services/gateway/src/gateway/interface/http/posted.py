"""What the small pages post: JSON from programs, a form from the page itself."""

from typing import TypeVar
from urllib.parse import parse_qs

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from gateway.domain.errors import LinkInvalid

FORM = "application/x-www-form-urlencoded"
M = TypeVar("M", bound=BaseModel)


def is_form(request: Request) -> bool:
    """Whether the page sent it: it is answered with a page."""
    kind = request.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower() == FORM


def json_of(model: type[M], body: bytes) -> M:
    """Raises RequestValidationError, as a declared body would."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        details = [{**e, "loc": ("body", *e["loc"])} for e in error.errors(include_input=False)]
        raise RequestValidationError(details) from None


def form_of(model: type[M], body: bytes) -> M:
    """Raises LinkInvalid for whatever our page would not send."""
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=4)
        return model.model_validate({name: found[0] for name, found in fields.items()})
    except ValueError:  # not ASCII, too many fields, or pydantic's ValidationError
        raise LinkInvalid("the form does not carry a link's token") from None


def described(model: type[BaseModel]) -> dict[str, object]:
    """Both kinds of body, for OpenAPI."""
    schema = model.model_json_schema()
    content = {kind: {"schema": schema} for kind in ("application/json", FORM)}
    return {"requestBody": {"required": True, "content": content}}
