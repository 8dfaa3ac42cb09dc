"""When the versions of a vendor's API end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

_numbers = re.compile(r"\d+").findall


@dataclass(frozen=True, slots=True)
class ApiVersions:
    """The versions of one vendor's API.

    setting: name of the setting that has the version. newest: the version to set. ends: the day on
    which each version ends, for versions with an announced end.
    """

    setting: str
    newest: str
    ends: Mapping[str, date]

    def end_of(self, version: str) -> date | None:
        """The day on which `version` ends or ended; None if none is announced. A version older than
        all in `ends` has ended on the day of the oldest one at the latest, so it gets that day."""
        if version in self.ends:
            return self.ends[version]
        oldest = min(self.ends, key=_rank, default=version)
        return self.ends[oldest] if _rank(version) < _rank(oldest) else None


def _rank(version: str) -> tuple[int, ...]:
    return tuple(map(int, _numbers(version)))
