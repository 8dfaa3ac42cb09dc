"""Settings of how much one sender may send to a source."""

import re
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_UNITS = {"": 1, "KB": 1000, "MB": 1_000_000, "GB": 1_000_000_000}
_RATE = re.compile(
    r"(?P<amount>[0-9]{1,12})\s*(?P<unit>[KMG]B|)\s*(?:/|\sper\s)\s*"
    r"(?P<times>[0-9]{1,6}|)\s*(?P<period>second|minute|hour|day)s?",
    re.IGNORECASE,
)


class Rate(NamedTuple):
    """amount: how much may be sent in `seconds`, or at once after a break of as many seconds."""

    amount: int
    seconds: int

    @property
    def per_second(self) -> float:
        return self.amount / self.seconds

    def times(self, factor: int) -> "Rate":
        return Rate(factor * self.amount, self.seconds)


def parse_rate(text: str) -> Rate:
    """The rate in `text`, such as ``100/second``, ``5000/2 hours`` or ``20MB/minute``. Raises
    ValueError."""
    match = _RATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            "not a rate: write a number, a slash and second, minute, hour or day, like "
            "100/second, 5000/hour or, for bytes, 20MB/minute"
        )
    amount = int(match["amount"]) * _UNITS[match["unit"].upper()]
    seconds = int(match["times"] or 1) * _SECONDS[match["period"].lower()]
    if not (amount and seconds):
        raise ValueError("a rate of 0 blocks everything; write off for no limit")
    return Rate(amount, seconds)


def _is_rate(text: str) -> str:
    parse_rate(text)
    return text


def _is_count(text: str) -> str:
    if re.search("[KMG]B", text, re.IGNORECASE):
        raise ValueError("KB, MB and GB are for bytes: write a number like 600/minute")
    return text


def _none_if_off(value: object) -> object:
    return None if _is_off(value) else value


def _is_off(value: object) -> bool:
    """YAML 1.1 reads `off` as false."""
    return value is False or (isinstance(value, str) and value.strip().lower() == "off")


BytesRate = Annotated[str, AfterValidator(_is_rate)]
CountRate = Annotated[BytesRate, AfterValidator(_is_count)]
_OFF = BeforeValidator(_none_if_off, json_schema_input_type=str | bool)


class RateLimits(BaseModel):
    """What one address may send: an IPv4 address, or a /64 of IPv6.

    docs/operations.md gives the reasons for the defaults.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    requests: Annotated[CountRate | None, _OFF] = Field(
        default="6000/minute", description="Maximum rate of requests, or `off`."
    )
    events: Annotated[CountRate | None, _OFF] = Field(
        default="30000/minute", description="Maximum rate of events, or `off`."
    )
    bytes: Annotated[BytesRate | None, _OFF] = Field(
        default="60MB/minute",
        description="Maximum rate of bytes in request bodies, after gunzip, and queries, or `off`.",
    )
    shared: bool = Field(
        default=False,
        description="Whether all web processes share one limit, through Redis. Otherwise each "
        "process has its own.",
    )


def _as_limits(value: object) -> object:
    if value is None:
        return {}
    if _is_off(value):
        return {"requests": None, "events": None, "bytes": None}
    return {"requests": value} if isinstance(value, str | int | float) else value


RateLimit = Annotated[
    RateLimits, BeforeValidator(_as_limits, json_schema_input_type=RateLimits | str | bool | None)
]
"""`RateLimits`, or only the rate of requests, or ``off``."""
