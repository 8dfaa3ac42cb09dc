"""Field consent: removes from an event what a denied consent type covers, for each destination.

`table` says what each consent type covers, `projection` removes it, and `stage` combines both with
the additions of the configuration.
"""

from gateway.stages.field_consent.projection import Removed
from gateway.stages.field_consent.stage import (
    FieldConsent,
    Project,
    compile_field_consent,
    consent_rows,
    removed_in_words,
)
from gateway.stages.field_consent.table import Purpose, Row

__all__ = [
    "FieldConsent",
    "Project",
    "Purpose",
    "Removed",
    "Row",
    "compile_field_consent",
    "consent_rows",
    "removed_in_words",
]
