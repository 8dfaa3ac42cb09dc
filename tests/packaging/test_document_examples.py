"""The gateway understands the YAML in the documents, and the documents leave nothing out."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric import ed25519
from ruamel.yaml import YAML

from gateway.cli.main import main
from gateway.configuration.load import load_settings, parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.settings import Settings
from gateway.event import Received, read_event
from gateway.event.consent import CONSENT_TYPES
from gateway.explain.cases.load import PLACEHOLDER
from gateway.pipeline.compile import compile_pipeline
from gateway.runtime.welcome import FIRST_EVENT
from gateway.stages.conditions import Condition, Operators
from gateway.stages.consent.settings import CookieFormat
from gateway.stages.identity import IdentitySettings
from gateway.stages.rules import Rule
from tests.support.certificates import certificate_of, written
from tests.support.documents import blocks

ROOT = Path(__file__).parents[2]
DOCUMENTS = [
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("browser", "configuration", "consent")),
    *(ROOT / "docs" / f"{name}.md" for name in ("identity", "rules", "tutorial")),
    *(ROOT / "docs" / f"{name}.md" for name in ("configure-destinations", "consent-rates")),
    *(ROOT / "docs" / f"{name}.md" for name in ("move-from-sgtm", "webhook-recipes")),
]
"""Other documents show YAML of other programs."""

NO_FILE = "cannot be read: No such file or directory"
MISSING_PARTS = {
    "sources": "sources: {site: {type: collect}}\n",
    "destinations": 'destinations: {web: {type: webhook, url: "https://web.example/"}}\n',
}


def examples() -> Iterator[Any]:
    for document in DOCUMENTS:
        for number, block in enumerate(blocks(document, "yaml"), 1):
            yield pytest.param(block, id=f"{document.stem}-{number}")


@pytest.fixture(autouse=True)
def _functions_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = SimpleNamespace(add_margin=lambda event: event)
    monkeypatch.setitem(sys.modules, "shop_rules", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "shop_rules.margins", module)


def understand(block: str, tmp_path: Path) -> None:
    """Fails unless `block` is part of a configuration, a condition, or test cases that pass."""
    keys = YAML(typ="safe", pure=True).load(block).keys()
    if "cases" in keys:
        file = tmp_path / "cases.yaml"
        file.write_text(block)
        config = str(ROOT / "config" / "gateway.yaml")
        result = CliRunner().invoke(main, ["test", "--config", config, str(file)])
        assert result.exit_code == 0, result.output
        return
    if keys == {"when"}:
        block = "rules:\n  - drop: true\n    " + block.replace("\n", "\n    ").rstrip() + "\n"
    block += "".join(text for name, text in MISSING_PARTS.items() if name not in keys)
    environment = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block), PLACEHOLDER)
    with suppress(_ReadersFiles):
        _parse(block, environment, _client_files() if "client.key" in block else {})


class _ReadersFiles(Exception):
    """The only mistakes are missing files of the reader's own."""


def _client_files() -> dict[str, str]:
    """The reader's files for a server that asks for a client certificate."""
    key = ed25519.Ed25519PrivateKey.generate()
    return {"client.pem": certificate_of(key), "client.key": written(key)}


GOOGLE_KEY = {"/run/secrets/google.json": '{"client_email": "a@b.example", "private_key": "k"}'}


def _parse(block: str, environment: dict[str, str], files: dict[str, str]) -> None:
    try:
        known = GOOGLE_KEY | files
        parse_settings(block, "example", environment, lambda name: known.get(name, PLACEHOLDER))
    except ConfigurationError as error:
        if all(NO_FILE in problem.message for problem in error.problems):
            raise _ReadersFiles from None
        raise


@pytest.mark.parametrize("block", list(examples()))
def test_every_example_is_understood(block: str, tmp_path: Path) -> None:
    understand(block, tmp_path)


@pytest.mark.parametrize(
    "block", ["rule: []\n", "when: {value: {gtee: 1}}\n", "rules: [{set: {value: many}}]\n"]
)
def test_an_example_that_is_not_understood_would_be_noticed(block: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="example:"):
        understand(block, tmp_path)


def test_the_event_that_the_readme_explains_is_sent_everywhere() -> None:
    (event,) = re.findall(r"gateway explain (\S+)", (ROOT / "README.md").read_text())
    words = ["explain", "--json", "--config", str(ROOT / "config" / "gateway.yaml")]
    result = CliRunner().invoke(main, [*words, str(ROOT / event)])
    destinations = json.loads(result.stdout)["destinations"]
    assert {name: len(each["requests"]) for name, each in destinations.items()} == {
        "meta": 1,
        "ga4": 1,
        "warehouse": 1,
    }


def first_events() -> dict[str, Any]:
    (sent,) = re.findall(r"/collect [^\n]* -d '(.*?)'", (ROOT / "README.md").read_text(), re.DOTALL)
    return {"README.md": json.loads(sent), "gateway run": json.loads(FIRST_EVENT)}


@pytest.mark.parametrize("place", ["README.md", "gateway run"])
def test_the_first_event_is_delivered_although_a_laptop_is_in_no_country(place: str) -> None:
    settings = load_settings(ROOT / "config" / "gateway.yaml", {})
    event = read_event(first_events()[place])
    received = Received("site", 1_795_000_000.0, "127.0.0.1", "Mozilla/5.0")
    verdicts = compile_pipeline(settings)(event, received).verdicts
    sent_to = {name for name, verdict in verdicts.items() if verdict.decision == "send"}
    assert sent_to >= {"meta", "ga4"}


@pytest.mark.parametrize("state", ["granted", "denied"])
def test_the_two_destinations_that_measure_consent_differ_by_consent_alone(state: str) -> None:
    (block,) = blocks(ROOT / "docs" / "consent-rates.md", "yaml")
    settings = parse_settings(MISSING_PARTS["sources"] + block, "example", {}, lambda name: "")
    event = read_event({"event_name": "page_view", "consent": {"analytics_storage": state}})
    received = Received("site", 1_795_000_000.0, "127.0.0.1", "Mozilla/5.0")
    verdicts = compile_pipeline(settings)(event, received).verdicts
    assert {name: verdict.decision for name, verdict in verdicts.items()} == {
        "measure_all": "send",
        "measure_analytics": "send" if state == "granted" else "withheld",
    }


def test_every_document_has_examples() -> None:
    assert all(blocks(document, "yaml") for document in DOCUMENTS)


def names(model: Any, *left_out: str) -> set[str]:
    fields = {field.alias or name for name, field in model.model_fields.items()}
    return fields - set(left_out)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("rules", names(Rule)),
        ("rules", names(Operators) | names(Condition)),
        ("rules", {"pii_guard", "schemas", "quarantine", "flag"}),
        ("consent", {*CONSENT_TYPES, *get_args(CookieFormat)}),
        ("consent", names(Settings.model_fields["consent"].annotation)),
        ("identity", names(IdentitySettings)),
    ],
)
def test_a_document_leaves_nothing_out(document: str, said: set[str]) -> None:
    text = (ROOT / "docs" / f"{document}.md").read_text()
    assert {name for name in said if not re.search(rf"\b{name}\b", text)} == set()
