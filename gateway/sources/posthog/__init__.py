"""PostHog's API for events."""

from gateway.sources.posthog.source import PostHog

__all__ = ["PostHog"]
