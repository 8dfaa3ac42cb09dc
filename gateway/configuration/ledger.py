"""Settings of the ledger."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

Payload = Literal["full", "redacted", "none"]


class LedgerSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=True,
        description="Keep a ledger of what happened to every event, for every destination. It is "
        "stored under `redis.data_dir`, so it needs the embedded Redis.",
    )
    keep_days: PositiveInt = Field(
        default=7,
        le=365,
        description="How many days events are kept, counted in UTC from the day on which they came "
        "in. The default is as long as destinations take events.",
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
    max_bytes: PositiveInt = Field(
        default=5_000_000_000,
        ge=10_000_000,
        description="Most bytes of the ledger on disk. Beyond them the oldest day "
        "is removed early.",
    )
