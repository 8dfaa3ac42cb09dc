"""OpenAI Ads (ChatGPT) Conversions API."""

from destinations.openai_ads.destination import OpenAIAds
from destinations.openai_ads.settings import OpenAIAdsSettings

__all__ = ["OpenAIAds", "OpenAIAdsSettings"]
