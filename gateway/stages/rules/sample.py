"""`sample`: keeps a share of the visitors, always the same ones."""

from collections.abc import Callable
from hashlib import blake2b
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.event import Event


class Sample(BaseModel):
    """Which share of events to keep."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    share: Annotated[float, Field(ge=0, le=1)] = Field(
        description="Share of the events to keep: 0.1 is one in ten."
    )
    by: Literal["client_id", "user_id", "event_id"] = Field(
        default="client_id",
        description="Field that groups events: all events with the same value are kept, or none. "
        "An event without the field is decided by its `event_id`.",
    )


def compile_sample(sample: Sample) -> Callable[[Event], bool]:
    """The function that tells whether an event is in the sample.

    It depends on the id alone: all rules, destinations and processes choose the same visitors, and
    the visitors of a smaller share are among those of a larger one.
    """
    share, by = sample.share, sample.by

    def is_in(event: Event) -> bool:
        key = event.get(by) or event.get("event_id", "")
        digest = blake2b(str(key).encode("utf-8", "surrogatepass"), digest_size=6).digest()
        return int.from_bytes(digest) / 2**48 < share

    return is_in
