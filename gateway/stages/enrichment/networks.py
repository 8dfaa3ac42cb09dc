"""Networks listed in a file, and whether an address is in one of them."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_address, ip_network
from pathlib import Path

from gateway.stages.enrichment.table_mistake import TableMistake

_CACHED = 4_096
_Ranges = tuple[Sequence[int], Sequence[int]]


def read_networks(path: Path) -> Callable[[str], bool]:
    """A function that tells whether an address is in one of the networks in the file at `path`.

    One network or address per line (``192.0.2.0/24``); comments begin with ``#``. Raises
    `TableMistake`, `OSError` or `UnicodeDecodeError`.
    """
    networks: dict[int, list[IPv4Network | IPv6Network]] = {4: [], 6: []}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), 1):
        if text := line.partition("#")[0].strip():
            try:
                network = ip_network(text, strict=False)
            except ValueError:
                raise TableMistake(f"has no network in line {number}") from None
            networks[network.version].append(network)
    ranges = {version: _ranges(each) for version, each in networks.items()}

    @lru_cache(_CACHED)
    def contains(text: str) -> bool:
        try:
            address = ip_address(text.strip())
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        starts, ends = ranges[address.version]
        place = bisect_right(starts, int(address)) - 1
        return place >= 0 and int(address) <= ends[place]

    return contains


def _ranges(networks: Iterable[IPv4Network | IPv6Network]) -> _Ranges:
    """First and last addresses of `networks`, of one version, in order and without overlap."""
    merged = sorted(collapse_addresses(networks))  # type: ignore[type-var]
    return (
        [int(network.network_address) for network in merged],
        [int(network.broadcast_address) for network in merged],
    )
