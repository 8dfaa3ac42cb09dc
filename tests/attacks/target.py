"""The gateway that is attacked: real processes, with a destination that works and one that is down.

Its limits are the defaults, except for those in `CONFIG`. Attackers and neighbours are on its
machine, which is its trusted proxy, so each request can state an address of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

from tests.soak.sending import KEY
from tests.soak.sink_process import SinkProcess
from tests.support.gateway_process import Gateway
from tests.support.process_stats import cpu_seconds, memories

ROOT = Path(__file__).parents[2]
MAX_PENDING = 100_000
"""A quarter of this is more than the attackers can send in a second, the time between two checks of
the limits, so the backend's share is left to it."""
CONFIG = """
server: {{hash_salt: salt-of-the-attacks, trusted_proxies: [127.0.0.1]}}
redis: {{data_dir: "${{DATA_DIR}}"}}
sources:
  site: {{type: collect, server_only: [refund]}}
  limited: {{type: collect, paths: [/limited], rate_limit: 1000/minute}}
  own_pages: {{type: collect, paths: [/own], allowed_origins: ["https://shop.example"]}}
  large: {{type: collect, paths: [/large], max_body_bytes: 1048576}}
  backend: {{type: events, keys: [{key}]}}
destinations:
  hook:
    type: webhook
    url: "{sink}/hook"
    allow_private_addresses: true
    consent: []
    when: {{event_name: [page_view, order]}}
  away:
    type: webhook
    url: "http://127.0.0.1:9/"
    allow_private_addresses: true
    consent: []
    when: {{event_name: rush}}
  down:
    type: webhook
    url: "http://127.0.0.1:9/"
    allow_private_addresses: true
    consent: []
    when: {{event_name: [flood, order]}}
    delivery: {{max_pending: {pending}}}
"""


class Target:
    """gateway: the gateway that is attacked."""

    def __init__(self, folder: Path) -> None:
        self._sink = SinkProcess(folder)
        self._watch = folder / "loop.txt"
        paths = (Path(__file__).parent / "loop_watch", ROOT, os.environ.get("PYTHONPATH", ""))
        environment = {
            "PYTHONPATH": os.pathsep.join(map(str, paths)),
            "LOOP_WATCH_FILE": str(self._watch),
        }
        config = CONFIG.format(key=KEY, sink=self._sink.url, pending=MAX_PENDING)
        self.gateway = Gateway(folder, config, environment)

    def __enter__(self) -> Target:
        self._sink.start()
        self.gateway.start()
        self._web = self.gateway.pids("gateway serve")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.gateway.stop()
        self._sink.kill()

    @property
    def port(self) -> int:
        return self.gateway.port

    def arrived(self) -> set[str]:
        """Ids of the events that the destination has received."""
        return {arrival.event_id for arrival in self._sink.taken("/hook")}

    def memory(self) -> float:
        """MB of the web process, with its share of shared memory (PSS)."""
        return sum(each.proportional for each in memories(self._web))

    def cpu(self) -> float:
        """CPU seconds that the web process has used."""
        return cpu_seconds(self._web)

    def longest_hold(self, began: float, ended: float) -> float:
        """The longest time that the loop was held, in CPU seconds, between two monotonic times."""
        lines = self._watch.read_text().splitlines()
        pairs = (map(float, line.split()) for line in lines)
        return max((hold for at, hold in pairs if began <= at <= ended), default=0.0)

    def was_restarted(self) -> bool:
        return self.gateway.pids("gateway serve") != self._web
