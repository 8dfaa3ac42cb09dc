"""Snowplow's tracker protocol."""

from gateway.sources.snowplow.source import Snowplow

__all__ = ["Snowplow"]
