"""Configurations that were in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from gateway.configuration.settings import Settings
from gateway.ledger.operator_log import OperatorLog
from gateway.ledger.reading import LedgerReader

MOST = 100
WRITE = "configuration write"
"""The command in the log of operators' actions for a file that was written in the console."""


@dataclass(frozen=True, slots=True)
class Version:
    """since: Unix seconds at which it was last put in force. who: the user who wrote it in the
    console, "" if it was not written there."""

    version: str
    since: float
    who: str = ""


def read_versions(reader: LedgerReader, settings: Settings) -> list[Version]:
    """The newest first. Raises as `LedgerReader` does."""
    writers = _writers(settings)
    return [
        Version(version, since, writers.get(version, ""))
        for version, since in reader.configurations(MOST)
    ]


def _writers(settings: Settings) -> Mapping[str, str]:
    """Who wrote a version, by the log of operators' actions."""
    writers: dict[str, str] = {}
    try:
        for line in OperatorLog.of(settings).lines():
            if b'"' + WRITE.encode() + b'"' in line:
                writers |= _writer(line)
    except OSError:
        return {}
    return writers


def _writer(line: bytes) -> dict[str, str]:
    try:
        action = orjson.loads(line)
        return {str(action["arguments"]["version"]): str(action["user"])}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return {}
