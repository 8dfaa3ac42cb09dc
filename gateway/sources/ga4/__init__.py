"""Hits of gtag.js and Google Tag Manager (GA4's own protocol)."""

from gateway.sources.ga4.source import GA4

__all__ = ["GA4"]
