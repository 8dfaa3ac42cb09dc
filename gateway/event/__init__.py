"""The event: its model, its fields and the paths to them."""

from gateway.event.model import Event, EventError, Received, read_event

__all__ = ["Event", "EventError", "Received", "read_event"]
