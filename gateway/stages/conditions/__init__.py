"""`when:` blocks: the model, its compilation to functions, and its description in words."""

from gateway.stages.conditions.compile import Check, Probe, compile_condition, compile_probe
from gateway.stages.conditions.describe import (
    MAX_WORDS,
    UNSEEN,
    Unmet,
    describe,
    describe_field,
    unmet_in_words,
)
from gateway.stages.conditions.model import Condition, Operators, Wanted, When

__all__ = [
    "MAX_WORDS",
    "UNSEEN",
    "Check",
    "Condition",
    "Operators",
    "Probe",
    "Unmet",
    "Wanted",
    "When",
    "compile_condition",
    "compile_probe",
    "describe",
    "describe_field",
    "unmet_in_words",
]
