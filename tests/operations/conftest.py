"""Fixtures for tests of operations: settings, and actions of an operator."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gateway.configuration.load import parse_settings
from gateway.configuration.settings import Settings
from gateway.operations.actions_log import Action

CONFIG = """
server: {{hash_salt: a-salt-of-the-shop}}
redis: {{data_dir: "{data}"}}
sources: {{site: {{type: collect}}}}
destinations:
  ads: {{type: webhook, url: "https://ads.example/"}}
  books: {{type: webhook, url: "https://books.example/", delivery: {{max_age: 3600}}}}
  trial: {{type: webhook, url: "https://trial.example/", dry_run: true}}
"""


@dataclass
class Watch:
    """What an operation reports while it works."""

    steps: list[tuple[int, int]] = field(default_factory=list)
    noted: list[int] = field(default_factory=list)

    def advance(self, tried: int, succeeded: int) -> None:
        self.steps.append((tried, succeeded))


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return parse_settings(CONFIG.format(data=tmp_path))


@pytest.fixture
def anna(settings: Settings) -> Any:
    """Makes actions of an operator who uses the console."""

    def action(command: str, warn: Any = pytest.fail, **arguments: Any) -> Action:
        return Action(settings, "console:anna", command, arguments, warn)

    return action
