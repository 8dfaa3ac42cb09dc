"""The PromQL that the repository gives its readers: alert rules, and examples on pages."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from tests.support.documents import DOCS, ROOT, blocks

ALERTS = ROOT / "config" / "prometheus" / "alerts.yaml"


def alert_rules() -> list[dict[str, Any]]:
    (group,) = YAML(typ="safe", pure=True).load(ALERTS)["groups"]
    return list(group["rules"])


def alert_queries() -> list[str]:
    return [rule["expr"] for rule in alert_rules()]


def page_queries() -> list[str]:
    """The blocks of PromQL on all pages of docs/."""
    return [block for page in sorted(DOCS.glob("*.md")) for block in blocks(page, "promql")]
