"""Pinterest API for Conversions."""

from destinations.pinterest.destination import Pinterest
from destinations.pinterest.settings import PinterestSettings

__all__ = ["Pinterest", "PinterestSettings"]
