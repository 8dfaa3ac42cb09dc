"""Delivery: the RQ job that drains a destination, its retries and pauses, and the sweep."""
