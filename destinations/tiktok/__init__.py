"""TikTok Events API 2.0."""

from destinations.tiktok.destination import TikTok
from destinations.tiktok.settings import TikTokSettings

__all__ = ["TikTok", "TikTokSettings"]
