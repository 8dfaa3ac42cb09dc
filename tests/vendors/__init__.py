"""Vendors that are as strict as the real ones, to send to in tests."""
