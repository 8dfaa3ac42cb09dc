"""Requests without TLS to the servers that tests start. `httpx.get` and `httpx.post` would load all
certificates of the machine for each of them, 30 ms of work."""

from __future__ import annotations

from functools import partial

import httpx

get = partial(httpx.get, verify=False, timeout=60)
post = partial(httpx.post, verify=False, timeout=60)
