"""The PII guard: personal data and secrets are taken out of an event before it is stored."""

from gateway.pii.guard import Guard, compile_guard
from gateway.pii.settings import PiiGuardSettings

__all__ = ["Guard", "PiiGuardSettings", "compile_guard"]
