"""Meta Conversions API."""

from destinations.meta.destination import Meta
from destinations.meta.settings import MetaSettings

__all__ = ["Meta", "MetaSettings"]
