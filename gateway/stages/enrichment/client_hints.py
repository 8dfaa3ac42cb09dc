"""User-Agent Client Hints from request headers, named as sGTM names them in `client_hints`.

Source: wicg.github.io/ua-client-hints
"""

import re
from collections.abc import Mapping
from typing import Any

_LISTS = {"sec-ch-ua": "brands", "sec-ch-ua-full-version-list": "full_version_list"}
_FLAGS = {"sec-ch-ua-mobile": "mobile", "sec-ch-ua-wow64": "wow64"}
_TEXTS = {
    "sec-ch-ua-arch": "architecture",
    "sec-ch-ua-bitness": "bitness",
    "sec-ch-ua-model": "model",
    "sec-ch-ua-platform": "platform",
    "sec-ch-ua-platform-version": "platform_version",
}
HINT_HEADERS = (*_LISTS, *_FLAGS, *_TEXTS)
_LONGEST = 2_048
"""Maximum number of characters of all headers together; browsers send less than half."""

_BRAND = re.compile(r'"([^"]*)"\s*;\s*v="([^"]*)"')


def read_client_hints(headers: Mapping[str, str]) -> Mapping[str, Any]:
    """The hints in `headers`, whose names are in lower case; empty if there are none."""
    hints: dict[str, Any] = {}
    values = {name: value for name in HINT_HEADERS if (value := headers.get(name))}
    if sum(map(len, values.values())) > _LONGEST:
        return hints
    for header, value in values.items():
        if header in _TEXTS:
            if text := value.strip(' "'):
                hints[_TEXTS[header]] = text
        elif header in _FLAGS:
            if value in ("?0", "?1"):
                hints[_FLAGS[header]] = value == "?1"
        elif brands := _BRAND.findall(value):
            hints[_LISTS[header]] = [{"brand": name, "version": v} for name, v in brands]
    return hints
