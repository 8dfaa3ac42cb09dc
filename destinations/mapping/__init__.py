"""Mapping: which vendor's event an event becomes, and where the vendor's fields come from.

A destination declares its built-in mapping as data, in the form in which users write theirs.
"""

from destinations.mapping.mapper import Hasher, Mapper, compile_mapping
from destinations.mapping.merge import merged
from destinations.mapping.settings import EventMapping, MappingSettings, Source

__all__ = [
    "EventMapping",
    "Hasher",
    "Mapper",
    "MappingSettings",
    "Source",
    "compile_mapping",
    "merged",
]
