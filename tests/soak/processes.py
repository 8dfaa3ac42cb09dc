"""Finds and kills the processes of a gateway."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass

FORK_SERVER = "gateway fork-server"
ROLES = {
    "gateway worker": "worker",
    "gateway scheduler": "scheduler",
    "gateway serve": "web",
    "gateway ledger": "ledger",
    "valkey-server": "valkey",
}
"""Roles by words of the command line, which a worker shares with the child that runs its job."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    role: str

    def signal(self, number: signal.Signals) -> bool:
        """Sends a signal. Returns False if the process has already ended."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True


def family(root: int) -> dict[str, list[Process]]:
    """The processes under `root`, and under its fork server, by role: fork server, worker, horse (a
    worker's child), scheduler, web, ledger, valkey."""
    listing = subprocess.run(
        ["ps", "-ww", "-eo", "pid=,ppid=,stat=,args="], capture_output=True, text=True, check=True
    ).stdout
    children: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for row in listing.splitlines():
        own, parent, state, words = row.split(maxsplit=3)
        if not state.startswith("Z"):
            children[int(parent)].append((int(own), words))
    found: defaultdict[str, list[Process]] = defaultdict(list)
    for pid, line in children[root]:
        if line.startswith(FORK_SERVER):
            found["fork server"].append(Process(pid, "fork server"))
            children[root] += children[pid]
            continue
        role = next((role for words, role in ROLES.items() if words in line), "")
        if role:
            found[role].append(Process(pid, role))
    for worker in found["worker"]:
        found["horse"] += [Process(pid, "horse") for pid, _ in children[worker.pid]]
    return {role: processes for role, processes in found.items() if processes}


def members(root: int) -> list[int]:
    return [root, *(each.pid for role in family(root).values() for each in role)]


def kill_all(root: int) -> None:
    for pid in members(root):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
