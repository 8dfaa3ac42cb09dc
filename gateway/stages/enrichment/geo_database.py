"""Places of addresses from a MaxMind DB file, the format of MaxMind and DB-IP.

Source: maxmind.github.io/MaxMind-DB, dev.maxmind.com/geoip/docs/databases/city-and-country
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from destinations.places import us_state_code
from gateway.stages.enrichment.base import Location
from gateway.stages.enrichment.table_mistake import TableMistake

_CACHED = 4_096
_KINDS = ("Country", "City", "Enterprise", "Insights")


def read_database(path: Path) -> Callable[[str], Location]:
    """A function from an address to its place, by the database at `path`.

    Raises `TableMistake` or `OSError`. The file stays open; to replace it, rename a new file to its
    name.
    """
    try:
        import maxminddb
    except ImportError:
        raise TableMistake("needs a package; run pip install 'event-gateway[geo]'") from None
    try:
        reader = maxminddb.open_database(path)
    except (maxminddb.InvalidDatabaseError, ValueError):
        raise TableMistake("is not a MaxMind DB file") from None
    kind = reader.metadata().database_type
    if not any(word in kind for word in _KINDS):
        raise TableMistake(
            f"is a database of the wrong kind ({kind}); use one with countries or cities"
        )

    @lru_cache(_CACHED)
    def locate(address: str) -> Location:
        try:
            return _location(reader.get(address.strip()))
        except (ValueError, TypeError):  # not an address, or IPv6 in a database of IPv4
            return {}
        except maxminddb.InvalidDatabaseError:
            return {}

    return locate


def _location(record: Any) -> Location:
    country = _part(_part(record, "country"), "iso_code")
    if not isinstance(country, str) or not country:
        return {}
    regions = _part(record, "subdivisions")
    region = regions[0] if isinstance(regions, list) and regions else None
    parts = {
        "country": country,
        "region": _part(region, "iso_code") or _region_name(country, _name(region)),
        "city": _name(_part(record, "city")),
    }
    return {name: text for name, text in parts.items() if isinstance(text, str) and text}


def _region_name(country: str, name: Any) -> Any:
    """The region's name, or its code in the USA, where laws differ by state: DB-IP's free file only
    has names."""
    return (us_state_code(name) or name) if country == "US" and isinstance(name, str) else name


def _name(part: Any) -> Any:
    return _part(_part(part, "names"), "en")


def _part(record: Any, key: str) -> Any:
    return record.get(key) if isinstance(record, dict) else None
