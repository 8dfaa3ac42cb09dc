"""Plausible's Events API."""

from gateway.sources.plausible.source import Plausible

__all__ = ["Plausible"]
