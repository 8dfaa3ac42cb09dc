"""GA4 Measurement Protocol."""

from destinations.ga4.destination import GA4
from destinations.ga4.settings import GA4Settings

__all__ = ["GA4", "GA4Settings"]
