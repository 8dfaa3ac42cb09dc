"""`device` and `client_hints`: the visitor's browser, system and machine.

Chromium freezes most of its user agent string, so client hints take precedence.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from gateway.event import Event, Received
from gateway.stages.enrichment.base import Additions, Enrichment, completed
from gateway.stages.enrichment.browser import browser_of

if TYPE_CHECKING:
    from ua_parser import Result

_LONGEST = 512
_CACHED = 4_096

_TELEVISIONS = (
    "SmartTV",
    "SMART-TV",
    "AppleTV",
    "Apple TV",
    "Android TV",
    "GoogleTV",
    "HbbTV",
    " TV ",
    "BRAVIA",
    "CrKey",
    "Roku",
    "Web0S",
    "; AFT",
)
_DESKTOPS = ("Windows NT", "Macintosh", "X11", "CrOS", "Linux")

_KNOW_BETTER = frozenset({"model", "platform_version", "full_version_list"})
"""Client hints that are more precise than the user agent; browsers send them only on request."""

_WINDOWS_11 = 13
"""Windows 11 reports platform version 13 and above, Windows 10 lower ones, older systems 0.

Source: learn.microsoft.com/en-us/microsoft-edge/web-platform/how-to-detect-win11
"""


def load() -> Enrichment:
    device_of = _load_parser()

    def find_device(event: Event, received: Received) -> Additions:
        """The client hints and the device."""
        new: Additions = {}
        hints = said = event.get("client_hints")
        is_visitors = not (received.trusted or received.backend)
        if not said and is_visitors:
            hints = browser_of(received).client_hints
            if hints and (whole := completed(said, hints)):
                new["client_hints"] = whole
        agent = event.get("user_agent")
        if not agent or (received.trusted and agent == received.user_agent):
            return new
        device = device_of(agent[:_LONGEST])
        if hints and not _KNOW_BETTER.isdisjoint(hints):
            device = _with_hints(device, hints)
        if whole := completed(event.get("device"), device):
            new["device"] = whole
        return new

    return find_device


@cache
def _load_parser() -> Callable[[str], Mapping[str, str]]:
    from ua_parser import Domain, load_lazy_builtins
    from ua_parser.re2 import Resolver  # the default one takes 18 MB more in each web process

    resolve = Resolver(load_lazy_builtins())

    @lru_cache(maxsize=_CACHED)
    def device_of(agent: str) -> Mapping[str, str]:
        return _device(resolve(agent, Domain.ALL).complete())

    device_of("Mozilla/5.0")  # the first use compiles the rules
    return device_of


def _device(parsed: "Result") -> dict[str, str]:
    device: dict[str, str] = {}
    if browser := parsed.user_agent:
        device["browser"] = browser.family
        device["browser_version"] = _version(
            browser.major, browser.minor, browser.patch, browser.patch_minor
        )
    if system := parsed.os:
        device["operating_system"] = system.family
        device["operating_system_version"] = _version(
            system.major, system.minor, system.patch, system.patch_minor
        )
    if machine := parsed.device:
        device.update(_machine(machine.brand or "", machine.model or ""))
    if not (machine and machine.brand == "Spider"):
        device["category"] = _category(parsed.string)
    return {name: value for name, value in device.items() if value}


def _version(*numbers: str | None) -> str:
    return ".".join(number for number in numbers if number)


def _machine(brand: str, model: str) -> dict[str, str]:
    """Brand and model, without the parser's own words for "unknown" and Chromium's frozen ``K``."""
    if brand in ("Spider", "Generic"):
        return {}
    return {
        "brand": "" if brand.startswith("Generic_") else brand,
        "model": "" if model == "K" else model,
    }


def _category(agent: str) -> str:
    """The kind of machine, by GA4's words; an Android without ``Mobile`` is a tablet.

    Source: developer.chrome.com/docs/multidevice/user-agent
    """
    mobile = "Mobi" in agent
    if any(word in agent for word in _TELEVISIONS):
        return "smart tv"
    if "iPad" in agent or ("Tablet" in agent and "Tablet PC" not in agent):
        return "tablet"
    if not mobile and ("Android" in agent or "Silk" in agent):
        return "tablet"
    if mobile or "iPhone" in agent or "iPod" in agent:
        return "mobile"
    return "desktop" if any(word in agent for word in _DESKTOPS) else ""


def _with_hints(device: Mapping[str, str], hints: Mapping[str, Any]) -> Mapping[str, str]:
    """`device` with the more precise values of client hints."""
    model, version = hints.get("model"), hints.get("platform_version")
    if model and isinstance(model, str):
        device = {**device, "model": model}
    if full := _full_version(device.get("browser_version", ""), hints.get("full_version_list")):
        device = {**device, "browser_version": full}
    if version and isinstance(version, str):
        windows = device.get("operating_system") == "Windows"
        if text := _windows(version) if windows else version:
            device = {**device, "operating_system_version": text}
    return device


def _full_version(frozen: str, brands: object) -> str:
    """The full version in `brands` with the same major version as `frozen`, "" if there is none.
    The browser's own version is preferred to that of the Chromium in it."""
    major = frozen.partition(".")[0]
    best = ""
    for brand in brands if major and isinstance(brands, list) else ():
        version = brand.get("version") if isinstance(brand, dict) else None
        if isinstance(version, str) and version.startswith(f"{major}."):
            if brand.get("brand") != "Chromium":
                return version
            best = version
    return best


def _windows(platform_version: str) -> str:
    major = re.match(r"[1-9]\d{0,3}", platform_version, re.ASCII)
    if not major:
        return ""
    return "11" if int(major[0]) >= _WINDOWS_11 else "10"
