"""LinkedIn Conversions API."""

from destinations.linkedin.destination import LinkedIn
from destinations.linkedin.settings import LinkedInSettings

__all__ = ["LinkedIn", "LinkedInSettings"]
