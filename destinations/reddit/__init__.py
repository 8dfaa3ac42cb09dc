"""Reddit Conversions API."""

from destinations.reddit.destination import Reddit
from destinations.reddit.settings import RedditSettings

__all__ = ["Reddit", "RedditSettings"]
