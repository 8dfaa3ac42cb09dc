"""Recognises the protocols of requests that no source answers, and outlines such requests."""

from gateway.sources.recognition.outline import Outline, keys_in, outline_of, shown_keys
from gateway.sources.recognition.protocols import title_of
from gateway.sources.recognition.recognise import (
    NOISE,
    UNKNOWN,
    Recognise,
    compile_recognition,
    looks_of,
)

__all__ = [
    "NOISE",
    "UNKNOWN",
    "Outline",
    "Recognise",
    "compile_recognition",
    "keys_in",
    "looks_of",
    "outline_of",
    "shown_keys",
    "title_of",
]
