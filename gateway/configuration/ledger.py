"""Settings of the ledger."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PositiveInt,
    SecretStr,
    field_validator,
)

Payload = Literal["full", "redacted", "none"]
Successes = Literal["all", "sampled", "counts"]


def _of_postgresql(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith(("postgresql://", "postgres://")):
        raise ValueError(
            "use the URL of a PostgreSQL database: postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    if find_spec("psycopg") is None:
        raise ValueError("needs a package: pip install 'event-gateway[postgresql]'")
    return url


class LedgerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=True,
        description="Keep a ledger of what happened to every event, for every destination. Without "
        "`url` it is stored under `redis.data_dir`, and needs the embedded Redis.",
    )
    url: Annotated[SecretStr, AfterValidator(_of_postgresql)] | None = Field(
        default=None,
        description="A PostgreSQL database that keeps the ledger, such as "
        "`postgresql://USER:PASSWORD@HOST/DATABASE`. With a Redis of your own the ledger needs it. "
        "Needs the extra `postgresql` and `server.hash_salt`.",
    )
    keep_days: PositiveInt = Field(
        default=7,
        le=365,
        description="How many days events are kept, counted in UTC from the day on which they came "
        "in. The default is as long as destinations take events.",
    )
    failures_keep_days: PositiveInt = Field(
        default=30,
        le=365,
        description="How many days an event is kept that a destination rejected, or that expired, "
        "with all that is stored of it. The default leaves time to repair a destination and "
        "to compare a month with the vendor's report. It has no effect unless it is greater than "
        "`keep_days`.",
    )
    counts_keep_days: PositiveInt = Field(
        default=400,
        le=3660,
        description="How many days hourly counts are kept, which hold no events.",
    )
    payload: Payload = Field(
        default="full",
        description="What is kept of an event's content: `full` keeps what its destinations were "
        "allowed to have; `redacted` leaves out `user_data`, ids, addresses and user agents; "
        "`none` keeps no content. An event that is withheld from all destinations is kept without "
        "content.",
    )
    successes: Successes = Field(
        default="all",
        description="Which events are kept once their destinations have them. `all`, so that "
        "`gateway trace` answers for every purchase; `sampled` keeps one in a hundred; `counts` "
        "keeps none. The others are removed as soon as the last destination has them, and only "
        "counted: `trace`, `events` and `access` do not show them, `erase` cannot say which vendor "
        "has them, and `replay` cannot send them again. Events that are pending, held, rejected, "
        "expired, delivered with warnings or withheld from all destinations are always kept.",
    )
    max_bytes: PositiveInt = Field(
        default=5_000_000_000,
        ge=10_000_000,
        description="Maximum size of the ledger on disk, in bytes. Beyond it the oldest day is "
        "removed early, except for its failures. Failures may use a fifth of it; beyond that the "
        "oldest are removed.",
    )

    @field_validator("url", mode="before")
    @classmethod
    def _nothing_is_no_url(cls, url: object) -> object:
        """An empty text, as from ``${LEDGER_URL:-}``, means no URL."""
        return None if url == "" else url
