"""Matomo's Tracking HTTP API."""

from gateway.sources.matomo.source import Matomo

__all__ = ["Matomo"]
