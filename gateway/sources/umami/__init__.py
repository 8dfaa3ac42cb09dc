"""Umami's collection API."""

from gateway.sources.umami.source import Umami

__all__ = ["Umami"]
