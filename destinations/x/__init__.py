"""X Conversion API."""

from destinations.x.destination import X
from destinations.x.settings import XSettings

__all__ = ["X", "XSettings"]
