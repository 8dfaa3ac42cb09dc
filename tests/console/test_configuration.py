"""The configuration in force, its history and its file; the playground and the simulation."""

import html
import re

import httpx
import pytest

VIEWER = {"x-role": "viewer"}


@pytest.fixture(scope="module")
def anna(signed_in, running):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATA_DIR", str(running.folder / "data"))
        with httpx.Client(base_url=signed_in.url, timeout=60) as client:
            yield client


@pytest.fixture(scope="module")
def copy(anna):
    return anna.get("/configuration/playground.json").json()["text"]


def test_it_is_shown_without_secrets(anna, running):
    for headers in ({}, VIEWER):
        for path in ("/configuration", "/configuration.json"):
            text = anna.get(path, headers=headers).text
            assert "a-long-enough-key-for-tests" not in text
            assert "no tests" in text
    data = anna.get("/configuration.json").json()
    assert data["file"]["version"] == data["version"]
    assert data["file"]["mistakes"] == []
    assert any("secret is written" in note["words"] for note in data["notes"])


def test_every_version_opens(anna):
    (version,) = anna.get("/configuration.json").json()["versions"]
    page = f"/configuration/versions/{version['version']}"
    data = anna.get(f"{page}.json").json()
    assert data["is_in_force"]
    assert data["against"] == ""
    assert "a-long-enough-key-for-tests" not in anna.get(page).text
    assert anna.get("/configuration/versions/000000000000").status_code == 404
    assert anna.get(f"{page}?against=000000000000").status_code == 404


def test_mistakes_in_the_file_have_lines(anna, running):
    text = running.config.read_text()
    running.config.write_text(text.replace("\nrules:", "\nruels:"))
    try:
        page, data = anna.get("/configuration"), anna.get("/configuration.json").json()
        assert "The file has 1 mistake" in page.text
        assert data["file"]["mistakes"][0]["path"] == "ruels"
        assert "rules" in data["file"]["mistakes"][0]["message"]
        seen = anna.get("/configuration.json", headers=VIEWER).json()
        assert seen["file"]["mistakes"][0]["message"] == ""
        assert seen["file"]["mistakes"][0]["line"] == data["file"]["mistakes"][0]["line"]
    finally:
        running.config.write_text(text)


@pytest.mark.parametrize("path", ["", "/pick", "/simulate"])
def test_the_playground_is_for_operators(anna, path):
    page = f"/configuration/playground{path}"
    assert anna.get("/configuration/playground", headers=VIEWER).status_code == 403
    assert anna.post(page, headers=VIEWER, data={"text": "", "event": ""}).status_code == 403


def rule(copy, written):
    assert "rules:\n" in copy
    return copy.replace("rules:\n", f"rules:\n  - {written}\n", 1)


def test_a_changed_rule_shows_what_would_be_sent(anna, copy):
    consent = '"consent": {"analytics_storage": "granted"}'
    event = f'{{"event_name": "purchase", "event_id": "e-1", "value": 1, {consent}}}'
    fields = {"text": copy, "event": event}
    same = anna.post("/configuration/playground", data=fields)
    assert same.status_code == 200
    assert "goes as it does now" in same.text
    fields["text"] = rule(copy, "{name: note, set: {note: tried-it}}")
    differs = anna.post("/configuration/playground", data=fields)
    assert "differs at 2 of 2 destinations" in differs.text
    assert "tried-it" in differs.text
    fields["text"] = rule(copy, "{name: stop, when: {event_name: purchase}, drop: true}")
    dropped = html.unescape(anna.post("/configuration/playground", data=fields).text)
    assert "withheld" in dropped
    assert "dropped by rule" in dropped


@pytest.mark.parametrize("field", ["method", "log"])
def test_an_event_may_have_the_fields_of_a_request(anna, copy, field):
    event = f'{{"event_name": "login", "{field}": "Google"}}'
    page = anna.post("/configuration/playground", data={"text": copy, "event": event})
    assert page.status_code == 200
    assert "login: goes as it does now" in page.text


def test_a_curl_command_is_taken_as_its_source_takes_it(anna, copy):
    curl = (
        "curl 'http://shop.example/events' -H 'Authorization: Bearer a-long-enough-key-for-tests' "
        """-d '{"event_name": "refund", "consent": {"analytics_storage": "granted"}}'"""
    )
    fields = {"text": rule(copy, "{name: note, set: {note: tried-it}}"), "event": curl}
    page = anna.post("/configuration/playground", data=fields)
    assert page.status_code == 200
    assert "refund: differs at 2 of 2" in page.text
    assert "<code>event_id</code>" not in page.text


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ("nothing", "The text"),
        ("{}", "The event cannot be read"),
        ("[]", "no request"),
        ("curl http://shop.example/nowhere -d x", "There is no event in the requests"),
    ],
)
def test_what_is_no_event_is_explained(anna, copy, event, words):
    page = anna.post("/configuration/playground", data={"text": copy, "event": event})
    assert page.status_code == 422
    assert words in html.unescape(page.text)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{name: x, set: {note: '${HOME}'}}", "a variable, a file or a hidden secret"),
        ("{name: x, set: {note: '${file:/etc/passwd}'}}", "a variable, a file or a hidden secret"),
        ("{name: x, sett: {a: b}}", "unknown key"),
    ],
)
def test_a_copy_that_cannot_be_used_is_explained(anna, copy, written, words):
    fields = {"text": rule(copy, written), "event": "{}"}
    for path in ("", "/simulate"):
        page = anna.post(f"/configuration/playground{path}", data=fields)
        assert page.status_code == 422
        assert words in html.unescape(page.text)
        assert "root:" not in page.text


def test_a_recent_event_is_taken_and_that_is_logged(anna, copy):
    recent = anna.get("/configuration/playground.json").json()["recent"]
    picked = next(each for each in recent if each["name"] == "purchase")
    fields = {"text": copy, "event": "{}", "receipt": picked["receipt"]}
    page = anna.post("/configuration/playground/pick", data=fields)
    assert page.status_code == 200
    assert '"event_name": "purchase"' in html.unescape(page.text)
    assert anna.get("/actions.json").json()["actions"][0]["command"] == "configuration playground"
    fields["receipt"] = "x' or 1"
    assert anna.post("/configuration/playground/pick", data=fields).status_code == 422


def simulated_for_crm(page):
    """The cells in the row of `crm`."""
    table = page.partition('id="simulated"')[2].partition("</table>")[0]
    row = table.partition(">crm<")[2].partition("</tr>")[0]
    return re.findall(r"<td [^>]*>(.*?)</td>", row)


def test_recorded_events_are_decided_again(anna, copy):
    only = "  crm:\n    when: {event_name: page_view}\n"
    assert "  crm:\n" in copy
    fields = {"text": copy.replace("  crm:\n", only), "event": "", "hours": "24"}
    page = html.unescape(anna.post("/configuration/playground/simulate", data=fields).text)
    same, _, withheld, *_ = simulated_for_crm(page)
    assert int(same.partition("<")[0]) >= 12
    assert int(withheld.split(" <")[0]) >= 2
    assert "/events/" in withheld


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("{name: note, set: {note: x}}", 3),
        ("{name: stop, when: {event_name: purchase}, drop: true}", 2),
        ("{name: nothing, when: {event_name: nothing}, drop: true}", 0),
    ],
    ids=["sent otherwise", "withheld now", "same"],
)
def test_added_rules_for_every_event_are_simulated(anna, copy, written, kind):
    fields = {"text": rule(copy, written), "event": "", "hours": "24"}
    page = html.unescape(anna.post("/configuration/playground/simulate", data=fields).text)
    name = written.partition("name: ")[2].partition(",")[0]
    assert f"Rules for every event that the copy adds or changes: {name}." in page
    assert int(simulated_for_crm(page)[kind].partition(" ")[0].partition("<")[0]) >= 2


def test_what_a_removed_rule_did_cannot_be_simulated_and_that_is_said(anna, copy):
    text = copy.replace("set: {margin: 2, shipping: 4}", "set: {margin: 3}")
    assert text != copy
    fields = {"text": text, "event": "", "hours": "24"}
    page = html.unescape(anna.post("/configuration/playground/simulate", data=fields).text)
    assert "the copy changes or takes out: margin. What they had changed" in page
    assert "the copy adds or changes: margin. They were applied" in page


def test_pages_of_an_operator_are_whole(open_tab, signed_in, copy):
    for width, dark in ((360, True), (1440, False)):
        tab = open_tab(width, dark, base=signed_in.url)
        page = tab.open("/configuration/playground")
        page.locator("textarea[name=text]").fill(rule(copy, "{name: n, set: {note: tried-it}}"))
        page.get_by_role("button", name="See what would change").click()
        page.get_by_text("differs at 2 of 2 destinations").wait_for()
        assert tab.complaints() == []
        assert not tab.is_too_wide()
