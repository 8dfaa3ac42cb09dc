"""Ids of devices, in apps."""

import re

from destinations.base import Event

_is_id = re.compile(r"(?![0-]+$)[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}").fullmatch


def advertising_id(event: Event, *fields: str) -> str:
    """The advertising id in the first of `fields` that has one; "" for zeros alone, which stand for
    a person's refusal, and for what cannot be one."""
    stated = map(event.get, fields)
    return next((each for each in stated if isinstance(each, str) and _is_id(each)), "")
