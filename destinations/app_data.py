"""The ``app_data`` of an app event for Meta and Snapchat. Its list ``extinfo`` describes the app
and its device.

Sources: developers.facebook.com/docs/marketing-api/conversions-api/parameters/app-data,
developers.snap.com/api/marketing-api/Conversions-API/UsingTheAPI
"""

import re
from collections.abc import Mapping
from typing import Any

from destinations.apps import System, system_of
from destinations.base import Event
from destinations.casts import CASTS
from destinations.paths import as_text, object_at
from destinations.remarks import remark

_VERSIONS: Mapping[System, str] = {"android": "a2", "ios": "i2"}
"""The first part of ``extinfo``."""

_PARTS = 16
_SYSTEM_VERSION = 4
"""The place of a part that is required."""

_size = re.compile(r"([0-9]{1,5})x([0-9]{1,5})").fullmatch


def app_data(event: Event) -> dict[str, Any]:
    """The ``app_data`` of `event`. A missing or unusable ``extinfo`` is made from its other fields,
    such as `app` and `device`. Empty if the vendor would refuse it."""
    stated = event.get("app_data")
    data = dict(stated) if isinstance(stated, dict) else {}
    extinfo = _stated_extinfo(data.get("extinfo")) or _extinfo(event)
    if not extinfo:
        if "app_data" in event:
            remark("app_data: removed, since nothing tells the device's system and its version")
        return {}
    data["extinfo"] = extinfo
    data["advertiser_tracking_enabled"] = _is_true(data.get("advertiser_tracking_enabled"))
    if "application_tracking_enabled" in data:
        data["application_tracking_enabled"] = _is_true(data["application_tracking_enabled"])
    return data


def _is_true(stated: Any) -> int:
    """1 or 0; 0 for an unreadable value."""
    return int(CASTS["boolean"](stated) is True)


def _stated_extinfo(stated: Any) -> list[str]:
    """`stated` as 16 texts; empty if it lacks the system or its version."""
    if not isinstance(stated, list):
        return []
    texts = [as_text(each) or "" for each in stated[:_PARTS]]
    texts += [""] * (_PARTS - len(texts))
    return texts if texts[0] in _VERSIONS.values() and texts[_SYSTEM_VERSION] else []


def _extinfo(event: Event) -> list[str]:
    app, device = object_at(event, "app"), object_at(event, "device")
    system, system_version = system_of(event), _text(device, "operating_system_version")
    if not system or not system_version:
        return []
    size = _size(_text(event, "screen_resolution"))
    width, height = size.groups() if size else ("", "")
    long_version = " ".join(filter(None, (_text(app, "version"), _text(app, "build"))))
    return [
        *(_VERSIONS[system], _text(app, "namespace"), _text(app, "version"), long_version),
        *(system_version, _text(device, "model"), _text(event, "language").replace("-", "_")),
        *("", ""),
        *(width, height, "", "", "", "", _text(event, "timezone")),
    ]


def _text(holder: Mapping[str, Any], name: str) -> str:
    return as_text(holder.get(name)) or ""
