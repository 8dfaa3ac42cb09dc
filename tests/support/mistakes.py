"""The mistakes that the gateway finds in a configuration."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.configuration.load import parse_settings
from gateway.configuration.mistakes import ConfigurationError

FILE = "shop.yaml"


def mistakes(text: str, environment: Mapping[str, str] | None = None) -> list[str]:
    """A line for each mistake in `text`, beginning with ``shop.yaml:``."""
    try:
        parse_settings(text, FILE, environment or {})
    except ConfigurationError as error:
        return str(error).splitlines()
    return []
