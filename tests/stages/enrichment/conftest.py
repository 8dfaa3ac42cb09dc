"""Shared by the tests of enrichments: MaxMind DB files, built from scratch.

Source of the format: maxmind.github.io/MaxMind-DB
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

import pytest

UINT16, UINT32, UINT64 = 5, 6, 9
TEXT, MAP, ARRAY = 2, 7, 11

MakeDatabase = Callable[..., Path]


@pytest.fixture
def make_database(tmp_path: Path) -> MakeDatabase:
    """Writes ``tmp_path/name`` with records by IPv4 network, and returns its path."""

    def make(
        records: Mapping[str, Any], kind: str = "GeoLite2-City", name: str = "geo.mmdb"
    ) -> Path:
        written = tmp_path / f"{name}.new"
        written.write_bytes(database(records, kind))
        return written.rename(tmp_path / name)

    return make


def database(records: Mapping[str, Any], kind: str) -> bytes:
    nodes: list[list[Any]] = [[None, None]]
    data = b""
    for text, record in records.items():
        _insert(nodes, IPv4Network(text), len(data))
        data += _encode(record)
    tree = b"".join(_record(side, len(nodes)) for node in nodes for side in node)
    return tree + bytes(16) + data + b"\xab\xcd\xefMaxMind.com" + _metadata(len(nodes), kind)


def _insert(nodes: list[list[Any]], network: IPv4Network, offset: int) -> None:
    bits = f"{int(network.network_address):032b}"[: network.prefixlen]
    at = 0
    for bit in map(int, bits[:-1]):
        if nodes[at][bit] is None:
            nodes.append([None, None])
            nodes[at][bit] = len(nodes) - 1
        at = nodes[at][bit]
    nodes[at][int(bits[-1])] = ("data", offset)


def _record(side: Any, count: int) -> bytes:
    if side is None:
        return count.to_bytes(3, "big")
    value = count + 16 + side[1] if isinstance(side, tuple) else side
    return int(value).to_bytes(3, "big")


def _metadata(count: int, kind: str) -> bytes:
    parts = [
        ("node_count", _uint(UINT32, count)),
        ("record_size", _uint(UINT16, 24)),
        ("ip_version", _uint(UINT16, 4)),
        ("database_type", _encode(kind)),
        ("languages", _encode(["en"])),
        ("binary_format_major_version", _uint(UINT16, 2)),
        ("binary_format_minor_version", _uint(UINT16, 0)),
        ("build_epoch", _uint(UINT64, 1_795_000_000)),
        ("description", _encode({"en": "made by a test"})),
    ]
    return _control(MAP, len(parts)) + b"".join(_encode(name) + value for name, value in parts)


def _encode(value: Any) -> bytes:
    if isinstance(value, str):
        return _control(TEXT, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return _control(ARRAY, len(value)) + b"".join(map(_encode, value))
    if isinstance(value, dict):
        parts = (_encode(part) for pair in value.items() for part in pair)
        return _control(MAP, len(value)) + b"".join(parts)
    return _uint(UINT32, value)


def _uint(kind: int, value: int) -> bytes:
    raw = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(kind, len(raw)) + raw


def _control(kind: int, size: int) -> bytes:
    assert size < 29
    return bytes([kind << 5 | size]) if kind < 8 else bytes([size, kind - 7])
