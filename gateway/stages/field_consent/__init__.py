"""Fields follow their consent: what a destination gets of an event of which something was denied.

`table` says what each consent type covers, `projection` takes it out, `stage` puts both together
with what the configuration adds.
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
