"""Google's Data Manager API."""

from destinations.google_data_manager.destination import GoogleDataManager
from destinations.google_data_manager.settings import GoogleDataManagerSettings

__all__ = ["GoogleDataManager", "GoogleDataManagerSettings"]
