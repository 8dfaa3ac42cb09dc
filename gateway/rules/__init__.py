"""`rules:`: what they look like in YAML, and the one function that a list of them becomes."""

from gateway.rules.redact import Redact
from gateway.rules.rule import Rule
from gateway.rules.ruled import Ruled, compile_rules
from gateway.rules.sample import Sample

__all__ = ["Redact", "Rule", "Ruled", "Sample", "compile_rules"]
