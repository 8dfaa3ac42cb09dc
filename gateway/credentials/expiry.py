"""When a refresh token ends, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime

from gateway.credentials.token import Token

WARN_AHEAD_SECONDS = 30 * 86_400.0


def refresh_token_warning(name: str, token: Token, now: float) -> str:
    """What to do about the refresh token of the credential `name`, from `WARN_AHEAD_SECONDS` before
    its end on; "" before, and if the vendor does not say when it ends. now: Unix seconds."""
    ends = token.refresh_expires_at
    if not ends or ends - now > WARN_AHEAD_SECONDS:
        return ""
    day = f"{datetime.fromtimestamp(ends, UTC):%Y-%m-%d}"
    verb = "ended" if ends <= now else "ends"
    return (
        f"the refresh token of the credential {name} {verb} on {day}; get a new one from the "
        f"vendor, and write it in credentials.{name}.refresh_token"
    )
