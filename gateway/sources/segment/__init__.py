"""Segment's HTTP API, as its SDKs and RudderStack's speak it."""

from gateway.sources.segment.source import Segment

__all__ = ["Segment"]
