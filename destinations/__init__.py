"""Destinations: pure translations from events to a vendor's requests and back to outcomes."""
