"""The fields of a form."""

from __future__ import annotations

from starlette.datastructures import FormData
from starlette.requests import Request

MAX_FIELDS = 100
MAX_BYTES = 4_000_000
"""Of one field. `gateway.console.access.requests` limits the whole request."""


async def read_form(request: Request) -> FormData:
    """The fields, without files. Raises HTTPException for a form that cannot be read."""
    return await request.form(max_files=0, max_fields=MAX_FIELDS, max_part_size=MAX_BYTES)


def text_of(form: FormData, name: str) -> str:
    """The text in the field `name`, with the line ends of files; "" without one."""
    value = form.get(name, "")
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""
