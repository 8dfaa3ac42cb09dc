"""The API versions that destinations use: when they end, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from gateway.configuration.destination import ForwardingSettings
from gateway.configuration.kinds import destination_types
from gateway.configuration.settings import Settings

WARN_AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class VersionEnd:
    """The end of the API version that one destination uses. setting: the setting that selects the
    version. newest: the version to set. day: on which `version` ends."""

    setting: str
    version: str
    newest: str
    day: date

    def warning(self, today: date) -> str:
        """What to do about the end, from `WARN_AHEAD` before it on; "" earlier."""
        advice = f"set `{self.setting}` to {self.newest}"
        if today >= self.day:
            return (
                f"the vendor ended version {self.version} of its API on {self.day}, so it may "
                f"refuse every event; {advice}"
            )
        if self.day - today > WARN_AHEAD:
            return ""
        return f"the vendor ends version {self.version} of its API on {self.day}; {advice}"


def version_end(configured: ForwardingSettings) -> VersionEnd | None:
    """The end of the version in `configured`; None if none is announced, or if the destination has
    no versions."""
    versions = destination_types()[configured.type].api_versions
    if versions is None:
        return None
    version = str(getattr(configured, versions.setting))
    day = versions.end_of(version)
    return VersionEnd(versions.setting, version, versions.newest, day) if day else None


def version_ends(settings: Settings) -> dict[str, VersionEnd]:
    """The announced ends, by destination."""
    ends = {name: version_end(each) for name, each in settings.destinations.items()}
    return {name: end for name, end in ends.items() if end is not None}
