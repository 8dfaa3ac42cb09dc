"""The PII guard: removes personal data and secrets from an event before it is stored."""

from gateway.stages.pii.cleaning import found_too_much
from gateway.stages.pii.guard import Guard, compile_guard
from gateway.stages.pii.settings import PiiGuardSettings

__all__ = ["Guard", "PiiGuardSettings", "compile_guard", "found_too_much"]
