"""Recorded requests, as `gateway explain --request` reads them from a file."""

from gateway.explain.requests.model import RecordedRequest, UnreadableRequest
from gateway.explain.requests.read import read_requests

__all__ = ["RecordedRequest", "UnreadableRequest", "read_requests"]
