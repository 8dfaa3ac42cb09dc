"""The requests of Stape's Data Tag to its Data Client."""

from gateway.sources.stape_data.source import StapeData

__all__ = ["StapeData"]
