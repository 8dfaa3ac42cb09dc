"""Microsoft UET Conversions API."""

from destinations.microsoft_uet.destination import MicrosoftUET
from destinations.microsoft_uet.settings import MicrosoftUETSettings

__all__ = ["MicrosoftUET", "MicrosoftUETSettings"]
