"""Jitsu's API."""

from gateway.sources.jitsu.source import Jitsu

__all__ = ["Jitsu"]
