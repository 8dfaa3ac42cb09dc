"""Only operators write the configuration file, if that is allowed, and nothing by mistake."""

import asyncio
import html
import os
import stat
from pathlib import Path

import httpx
import pytest

from gateway.configuration.load import load_settings
from gateway.console.app import console_app
from gateway.console.context import Console
from gateway.ledger.operator_log import OperatorLog
from gateway.monitoring.configuration import ConfigurationState
from gateway.redis_client.connect import connect_for_intake
from tests.support.console_server import SignedIn

NOWHERE = "redis://127.0.0.1:1/0"
TEXT = """\
# how we run it
console: {{edit: {edit}}}
redis: {{url: embedded, data_dir: "{data}"}}
ledger: {{enabled: false}}
sources: {{site: {{type: collect}}}}
destinations:
  crm:
    type: webhook
    url: https://crm.example/in
    headers: {{authorization: Bearer-token-of-crm}}
"""


class Site:
    """A console for the file `config`."""

    def __init__(self, folder: Path, edit: str = "true") -> None:
        self.config = folder / "gateway.yaml"
        self.config.write_text(TEXT.format(edit=edit, data=folder / "data"))
        self.config.chmod(0o640)
        self.settings = load_settings(self.config)

    def ask(self, method: str, path: str, role: str = "operator", **fields: str) -> httpx.Response:
        async def ask() -> httpx.Response:
            redis = connect_for_intake(NOWHERE)
            state = ConfigurationState(self.settings.version, 0.0)
            console = Console(self.settings, self.config, redis, NOWHERE, lambda: state, NOWHERE)
            transport = httpx.ASGITransport(SignedIn(console_app(console), role))
            async with httpx.AsyncClient(transport=transport, base_url="http://console") as client:
                return await client.request(method, path, data=fields or None)

        return asyncio.run(ask())

    def form(self) -> dict[str, str]:
        data = self.ask("GET", "/configuration/edit.json").json()
        return {"version": data["version"], "text": data["text"]}

    def commands(self) -> list[str]:
        return [line.decode() for line in OperatorLog.of(self.settings).lines()]


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_a_change_is_shown_and_then_written(site):
    before, form = site.config.read_text(), site.form()
    assert "token-of-crm" not in form["text"]
    form["text"] = form["text"].replace("crm.example/in", "crm.example/new")
    look = site.ask("POST", "/configuration/edit/look", **form)
    assert look.status_code == 200
    assert "crm.example/new" in look.text
    assert "token-of-crm" not in look.text
    assert site.config.read_text() == before
    assert site.ask("POST", "/configuration/edit/write", **form).status_code == 303
    assert site.config.read_text() == before.replace("crm.example/in", "crm.example/new")
    assert stat.S_IMODE(site.config.stat().st_mode) == 0o640
    (line,) = site.commands()
    assert '"console:anna"' in line
    assert load_settings(site.config).version in line
    assert os.listdir(site.config.parent).count("gateway.yaml") == 1
    assert not [name for name in os.listdir(site.config.parent) if name.startswith(".gateway")]


def test_a_link_stays_a_link(site, tmp_path):
    real = tmp_path / "real.yaml"
    site.config.rename(real)
    site.config.symlink_to(real)
    form = site.form()
    form["text"] += "rules: []\n"
    assert site.ask("POST", "/configuration/edit/write", **form).status_code == 303
    assert site.config.is_symlink()
    assert real.read_text().endswith("rules: []\n")


def test_nothing_is_written_over_what_somebody_else_wrote(site):
    form = site.form()
    site.config.write_text(site.config.read_text() + "rules: []\n")
    before = site.config.read_text()
    for path in ("look", "write"):
        answer = site.ask("POST", f"/configuration/edit/{path}", **form)
        assert answer.status_code == 409
        assert "changed by somebody else" in answer.text
    assert site.config.read_text() == before
    assert site.commands() == []


def test_nothing_with_mistakes_is_written(site):
    before, form = site.config.read_text(), site.form()
    form["text"] = form["text"].replace("type: webhook", "type: webhok")
    answer = site.ask("POST", "/configuration/edit/write", **form)
    assert answer.status_code == 422
    assert "line 8, destinations.crm.type" in html.unescape(answer.text)
    assert site.config.read_text() == before


def test_a_file_with_mistakes_is_not_edited(site):
    form = site.form()
    site.config.write_text(site.config.read_text().replace("webhook", "webhok"))
    assert site.ask("GET", "/configuration/edit").status_code == 409
    assert site.ask("POST", "/configuration/edit/write", **form).status_code == 409


def test_what_cannot_be_written_is_said(site, monkeypatch):
    form = site.form()
    form["text"] += "rules: []\n"

    def fail(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("gateway.console.pages.configuration_edit.replace_text", fail)
    answer = site.ask("POST", "/configuration/edit/write", **form)
    assert answer.status_code == 500
    assert "Read-only file system" in answer.text
    assert "configuration write failed" in site.commands()[-1]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/look"), ("POST", "/write")])
def test_it_needs_an_operator_and_the_setting(site, tmp_path, method, path):
    page = f"/configuration/edit{path}"
    assert site.ask(method, page, role="viewer", text="x").status_code == 403
    (tmp_path / "other").mkdir()
    closed = Site(tmp_path / "other", "false")
    answer = closed.ask(method, page, text="x")
    assert answer.status_code == 403
    assert "console.edit" in answer.text
