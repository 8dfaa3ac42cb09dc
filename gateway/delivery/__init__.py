"""Delivery: the RQ job that drains a destination, its retries and pauses, and what wakes it."""
