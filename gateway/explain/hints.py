"""Hints for readers of a trace: how to change a decision."""

from gateway.pipeline.decision import Decision
from gateway.stages.consent.unknown_place import UNKNOWN_DEFAULT, defaults_in, why_unknown


def consent_hint(decision: Decision) -> str:
    """How to change a decision of the default for an unknown place; "" if it decided nothing."""
    if UNKNOWN_DEFAULT not in defaults_in(decision.counts):
        return ""
    event = next(step.event for step in decision.steps if step.stage == "consent")
    why = why_unknown(decision.counts, event)
    return (
        f"the {UNKNOWN_DEFAULT} was applied because {why}. To change this, state `consent` in the "
        f"event; "
        "set `ip_override`, if a trusted backend sends the event; or configure `consent_default` "
        "of its source or `consent.unknown_place`."
    )
