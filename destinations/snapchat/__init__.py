"""Snapchat Conversions API v3."""

from destinations.snapchat.destination import Snapchat
from destinations.snapchat.settings import SnapchatSettings

__all__ = ["Snapchat", "SnapchatSettings"]
