"""`gateway explain`: its output and its exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli.main import main

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "config/examples/shop.yaml"
Run = Callable[..., Result]

PURCHASE = {
    "event_name": "purchase",
    "event_id": "e-1",
    "client_id": "c-1",
    "page_location": "https://shop.example/thanks",
    "value": 620,
    "currency": "EUR",
    "user_data": {"email_address": "jo@example.com"},
    "consent": dict.fromkeys(("ad_storage", "analytics_storage", "ad_user_data"), "granted"),
}
SECRETS = {
    "BACKEND_KEY": "s3cr3t-of-the-backend",
    "MP_SECRET": "s3cr3t-of-mp",
    "META_ACCESS_TOKEN": "s3cr3t/of+meta=&%",
    "GA4_API_SECRET": "s3cr3t/of+ga4=&%",
}
DEFAULT_SECRETS = (
    "backend-test-key",
    "mp-test-secret",
    "meta-test-token",
    "ga4-test-secret",
    "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
)


@pytest.fixture
def event_file(tmp_path: Path) -> Path:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(PURCHASE))
    return file


def test_json(run: Run, event_file: Path) -> None:
    result = run("explain", "--config", SHOP, "--json", event_file)
    assert result.exit_code == 0
    explained = json.loads(result.stdout)
    assert explained["event"]["order_size"] == "large"
    assert list(explained["destinations"]) == ["meta", "ga4", "warehouse"]
    meta = explained["destinations"]["meta"]
    assert (meta["decision"], meta["reason"]) == ("send", "")
    assert meta["requests"][0]["method"] == "POST"
    assert meta["requests"][0]["url"].startswith("https://graph.facebook.com/")
    assert meta["requests"][0]["headers"]["content-type"] == "application/json"
    assert meta["requests"][0]["body"]["data"][0]["event_id"] == "e-1"


@pytest.mark.parametrize("body", ["[%s, %s]", '{"page_token": "t", "events": [%s, %s]}'])
def test_several_events_as_they_were_sent(run: Run, tmp_path: Path, body: str) -> None:
    file = tmp_path / "events.json"
    file.write_text(body % (json.dumps(PURCHASE), json.dumps({"event_name": "login"})))
    result = run("explain", "--config", SHOP, "--json", file)
    assert [each["event"]["event_name"] for each in json.loads(result.stdout)] == [
        "purchase",
        "login",
    ]
    in_words = run("explain", "--config", SHOP, file).stdout
    assert in_words.startswith("event 1 of 2\nevent ")
    assert "\nevent 2 of 2\nevent " in in_words


def test_a_list_with_one_event_is_this_event(run: Run, tmp_path: Path, event_file: Path) -> None:
    file = tmp_path / "events.json"
    file.write_text(json.dumps({"events": [PURCHASE]}))
    one, listed = (
        json.loads(run("explain", "--config", SHOP, "--json", each).stdout)
        for each in (event_file, file)
    )
    assert listed.keys() == one.keys()
    assert listed["destinations"].keys() == one["destinations"].keys()


def test_words(run: Run, event_file: Path) -> None:
    result = run("explain", "--config", SHOP, event_file)
    assert result.exit_code == 0
    assert result.stdout.startswith("event purchase (e-1)\n")
    for line in ("meta: send", "ga4: send", "warehouse: send"):
        assert line in result.stdout.splitlines()


def test_standard_input_is_like_a_file(run: Run, event_file: Path) -> None:
    arguments = ("explain", "--config", SHOP, "--json")
    timed = json.dumps({**PURCHASE, "timestamp": 1_000_000_000})
    event_file.write_text(timed)
    from_file = json.loads(run(*arguments, event_file).stdout)
    from_input = json.loads(run(*arguments, "-", input=timed).stdout)
    assert from_input["event"] == from_file["event"]
    assert from_input["destinations"].keys() == from_file["destinations"].keys()


@pytest.mark.usefixtures("run")  # it puts back the logging of the tests
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_terminal_that_lacks_a_character_gets_it_escaped(
    event_file: Path, form: list[str]
) -> None:
    event_file.write_text(json.dumps(PURCHASE | {"note": "Käse 🧀 →"}))
    words = ["explain", "--config", str(SHOP), *form, str(event_file)]
    result = CliRunner(charset="latin-1").invoke(main, words)
    assert result.exit_code == 0
    assert "Käse \\ud83e\\uddc0 \\u2192" in result.stdout
    if form:
        assert json.loads(result.stdout)["event"]["note"] == "Käse 🧀 →"


def test_withheld_is_no_error(run: Run) -> None:
    event = json.dumps({**PURCHASE, "consent": {}, "event_location": {"country": "DE"}})
    result = run("explain", "--config", SHOP, "-", input=event)
    assert result.exit_code == 0
    assert "meta: withheld: no consent for ad_storage, ad_user_data" in result.stdout


def test_an_event_from_nowhere_is_told_which_default_held_and_how_to_change_it(run: Run) -> None:
    event = json.dumps({**PURCHASE, "consent": {}})
    result = run("explain", "--config", SHOP, "-", input=event)
    assert "meta: withheld: no consent for ad_storage, ad_user_data" in result.stdout
    (hint,) = (line for line in result.stdout.splitlines() if line.startswith("  hint: "))
    assert "default for an unknown place was applied because the event has no address" in hint
    for remedy in ("`consent`", "`ip_override`", "`consent_default`", "`consent.unknown_place`"):
        assert remedy in hint


@pytest.mark.parametrize("form", [["--json"], []])
def test_an_event_cannot_command_the_terminal_nor_forge_a_line(run: Run, form: list[str]) -> None:
    name = "a\x1b[2J\x9b\x7f\u202e\nmeta: delivered"
    event = {**PURCHASE, "event_name": name, "event_id": "\x1b]0;title\x07"}
    result = run("explain", "--config", SHOP, *form, "-", input=json.dumps(event))
    assert result.exit_code == 0
    assert all(line.isprintable() for line in result.output.splitlines())
    assert "meta: delivered" not in result.output.splitlines()
    if form:
        assert json.loads(result.stdout)["event"]["event_name"] == name
    else:
        first = "event a\\u001b[2J\\u009b\\u007f\\u202e\\nmeta: delivered (\\u001b]0;title\\u0007)"
        assert result.stdout.splitlines()[0] == first


def test_what_is_wrong_with_an_event_cannot_command_the_terminal(run: Run) -> None:
    event = {**PURCHASE, "click_ids": {"\x1b[2Jid": []}, "user_data": {"address": "\x1b"}}
    result = run("explain", "--config", SHOP, "-", input=json.dumps(event))
    assert result.exit_code == 0
    assert (
        "ignored because of an invalid value: user_data.address (neither an object nor a list)"
        in result.stdout
    )
    assert all(line.isprintable() for line in result.output.splitlines())


@pytest.mark.parametrize("form", [["--json"], []])
@pytest.mark.parametrize("environment", [{}, SECRETS], ids=["default", "environment"])
def test_no_secret_is_printed(
    run: Run, event_file: Path, form: list[str], environment: dict[str, str]
) -> None:
    result = run("explain", "--config", SHOP, *form, event_file, **environment)
    assert result.exit_code == 0
    assert "***" in result.output
    for secret in (*DEFAULT_SECRETS, "s3cr3t"):
        assert secret not in result.output


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "invalid JSON: "),
        ("{'event_name': 's3cr3t'}", "invalid JSON: "),
        ('{"event_name": "s3cr3t"', "invalid JSON: "),
        (b'{"event_name": "\xff"}', "invalid JSON: "),
        ("[" * 5000, "invalid JSON: "),
        ("[]", "has no events: the list is empty"),
        ("null", "is not an event: write a JSON object with `event_name`"),
        (
            "{}",
            "is not an event: write a JSON object with `event_name`. With a whole request, use ",
        ),
        ('{"name": "s3cr3t"}', "is not an event: write a JSON object with `event_name`"),
        ('[{"event_name": "a"}, "s3cr3t"]', "event 2: is not an event: write a JSON object"),
        ('{"events": [{"event_name": "a"}, {}]}', "event 2: is not an event: write a JSON object"),
        (
            '{"event_name": ["s3cr3t"], "currency": "s3cr3t"}',
            "event_name: Input should be a valid string",
        ),
    ],
)
def test_what_is_no_event_is_one_line_and_status_2(
    run: Run, tmp_path: Path, content: str | bytes, message: str
) -> None:
    file = tmp_path / "event.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    for argument, name in ((file, str(file)), ("-", "<stdin>")):
        result = run("explain", "--config", SHOP, "--json", argument, input=file.read_bytes())
        assert result.exit_code == 2
        assert result.stdout == ""
        (line,) = result.stderr.splitlines()
        assert line.startswith(f"{name}: ")
        assert message in line
        assert "s3cr3t" not in line


def test_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    result = run("explain", "--config", SHOP, tmp_path / "nothing.json")
    assert result.exit_code == 2
    assert "nothing.json" in result.stderr
    assert result.stdout == ""


# --mapping

MAPPED = """
sources: {site: {type: collect}}
destinations:
  ads:
    type: meta
    pixel_id: "1"
    access_token: t
    mapping: {events: {scroll: Scroll, purchase: null}, fields: {custom_data.coupon: null}}
"""


@pytest.fixture
def mapped(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.yaml"
    file.write_text(MAPPED)
    return file


def test_the_mapping_of_a_destination_is_printed_with_its_changes(run: Run, mapped: Path) -> None:
    result = run("explain", "--config", mapped, "--mapping", "ads")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("mapping:\n  built_in: false\n  events:\n")
    assert "    scroll: Scroll\n" in result.stdout
    assert "    purchase:" not in result.stdout
    assert "    custom_data.coupon: null\n" in result.stdout
    assert "    custom_data.tax: {field: tax, as: number}\n" in result.stdout


def test_what_is_printed_can_be_pasted_and_is_printed_alike(run: Run, mapped: Path) -> None:
    printed = run("explain", "--config", mapped, "--mapping", "ads").stdout
    start = MAPPED[: MAPPED.index("    mapping:")]
    mapped.write_text(start + "".join(f"    {line}\n" for line in printed.splitlines()))
    assert run("check", mapped).exit_code == 0
    assert run("explain", "--config", mapped, "--mapping", "ads").stdout == printed


def test_the_mapping_of_a_type_needs_no_configuration(run: Run, tmp_path: Path) -> None:
    result = run("explain", "--config", tmp_path / "none.yaml", "--mapping", "meta")
    assert result.exit_code == 0, result.output
    assert "    purchase: Purchase\n" in result.stdout


def test_an_unknown_name_is_answered_with_the_known_ones(run: Run, mapped: Path) -> None:
    result = run("explain", "--config", mapped, "--mapping", "adds")
    assert result.exit_code == 2
    assert "is named 'adds'; there are: ads, ga4, google_data_manager, linkedin" in result.output


def test_it_is_either_an_event_or_a_mapping(run: Run, event_file: Path) -> None:
    for arguments in ([], ["--mapping", "meta", event_file]):
        result = run("explain", *arguments)
        assert result.exit_code == 2
        assert "Give a file with an event, --request FILE or --mapping NAME." in result.output
