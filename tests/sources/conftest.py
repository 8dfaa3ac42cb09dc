import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.sources.base import Inbound

CAPTURES = Path(__file__).parent.parent / "captures"
Requests = Callable[..., list[Inbound]]


@pytest.fixture(scope="session")
def capture() -> Requests:
    """A function that reads the POST requests of a capture as a source sees them. gets: the other
    requests too."""

    def requests(name: str, gets: bool = False) -> list[Inbound]:
        recorded = json.loads((CAPTURES / f"{name}.json").read_text())
        return [inbound(each) for each in recorded if each["method"] == "POST" or gets]

    return requests


def inbound(recorded: dict[str, object]) -> Inbound:
    url = urlsplit(str(recorded["raw_target"]))
    return Inbound(
        method=str(recorded["method"]),
        path=url.path,
        query=url.query,
        headers={name.lower(): value for name, value in recorded["headers"]},  # type: ignore[attr-defined]
        body=str(recorded.get("body_text") or "").encode(),
    )
