"""`rules:`: their settings in YAML, and the function that a list of rules is compiled to."""

from gateway.stages.rules.redact import Redact
from gateway.stages.rules.rule import Rule
from gateway.stages.rules.ruled import Ruled, compile_rules
from gateway.stages.rules.sample import Sample

__all__ = ["Redact", "Rule", "Ruled", "Sample", "compile_rules"]
