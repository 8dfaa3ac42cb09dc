"""`gateway test`: its output and its exit status."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

ROOT = Path(__file__).parents[2]
Run = Callable[..., Result]

CONFIG = """
sources: {site: {type: collect}, backend: {type: events, keys: ["${BACKEND_KEY}"]}}
enrichment: [geo]
consent: {unknown_place: {ad_storage: granted, analytics_storage: granted, ad_user_data: granted}}
identity: {visitor_cookie: null}
rules:
  - {name: internal, when: {staff: true}, drop: true}
  - {name: large, when: {value: {gte: 500}}, set: {order_size: large}}
  - {name: lower, lower: [items.*.item_id]}
destinations:
  web:
    type: webhook
    url: https://web.example/events
    secret: ${WEBHOOK_SECRET}
    when: {event_name: [purchase, refund]}
    rules:
      - {name: no tests, when: {test: true}, drop: true}
      - {name: anonymous, remove: [user_data]}
  ga4: {type: ga4, measurement_id: G-1, api_secret: "${GA4_SECRET}"}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "gateway.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def check(run: Run, config: Path) -> Callable[..., Result]:
    """Runs one case, which may be invalid."""

    def check_one(given: str, expect: str, *options: str) -> Result:
        file = config.parent / "cases.yaml"
        file.write_text(
            f"cases:\n  - name: it\n    given:\n      {given}\n    expect:\n      {expect}\n"
        )
        return run("test", "--config", config, *options, file)

    return check_one


def event(**fields: object) -> str:
    whole = {"event_name": "purchase", "client_id": "1.2", "value": 20, **fields}
    return f"event: {json.dumps(whole)}"


MET = [
    (event(), "event: {value: 20, order_size: absent}"),
    (event(value=500), "event: {order_size: large, value: {gte: 500, lt: 501}}"),
    (event(), "event: {event_name: [purchase, refund], value: '20'}"),
    (event(items=[{"item_id": "A"}]), "event: {items.*.item_id: a, items.*.price: absent}"),
    (event(said="absent"), "event: {said: {equals: absent}}"),
    (event(), "destinations: {web: send, ga4: send}"),
    (event(event_name="scroll"), "destinations: {web: withheld, ga4: {decision: send}}"),
    (event(staff=True), "destinations: {web: {decision: withheld, reason: internal}}"),
    (event(test=True), "destinations: {web: {reason: no tests}, ga4: send}"),
    (
        event(user_data={"email_address": "a@b.example"}),
        "destinations: {web: {event: {user_data: absent}}}",
    ),
    (event(), "destinations: {web: {requests: 1}}"),
    (
        event(),
        "destinations: {web: {requests: [{url: 'https://web.example/events', "
        "body: {type: purchase, data.value: {gt: 19}, data.order_size: absent}}]}}",
    ),
    (
        event(client_id=None),
        "destinations: {ga4: {decision: withheld, reason: client_id is missing}}",
    ),
    (f"{event()}\n      ip: 85.214.132.117", "destinations: {web: withheld}"),
    (f"{event()}\n      ip: 85.214.132.117\n      trusted: true", "destinations: {web: send}"),
    (f"{event()}\n      headers: {{Sec-GPC: 1}}", "event: {consent.ad_user_data: denied}"),
    (f"{event()}\n      user_agent: curl/8.5", "event: {user_agent: curl/8.5}"),
    (event(), "event: {user_agent: {starts_with: Mozilla/5.0}}"),
    (f"{event()}\n      trusted: true", "event: {user_agent: ''}"),
    (f"{event()}\n      at: 2026-07-01T12:00:00Z", "event: {timestamp: 1782907200}"),
    (f"{event()}\n      at: 1782907200", "event: {timestamp: 1782907200}"),
    (event(timestamp="2026-07-01T12:00:00Z"), "destinations: {ga4: {requests: 1}}"),
    (
        f"{event(timestamp='2026-07-01T12:00:00Z')}\n      at: 2026-07-05T12:00:00Z",
        "destinations: {ga4: {decision: withheld, reason: the event is 4 days old}}",
    ),
    (f"{event()}\n      source: backend", "destinations: {web: send}"),
]


@pytest.mark.parametrize(("given", "expect"), MET)
def test_what_is_as_expected(check: Callable[..., Result], given: str, expect: str) -> None:
    result = check(given, expect)
    assert result.output == "1 case: all passed\n"
    assert result.exit_code == 0


SAID = "consent: ad_storage denied (default for DE); analytics_storage denied (default for DE)"
FAILED = [
    (
        event(value=20),
        "event: {order_size: large}",
        'event.order_size: expected "large", found nothing',
        "rules: large: not met: matches only if value is at least 500; found 20",
    ),
    (
        event(value=500),
        "event: {order_size: absent}",
        'event.order_size: expected nothing, found "large"',
        "rules: large: met",
    ),
    (
        event(items=[{"item_id": "A"}]),
        "event: {items.0.item_id: A}",
        'event.items.0.item_id: expected "A", found "a"',
        "rules: lower: met",
    ),
    (
        event(),
        "event: {value: {gt: 100, lt: 200}}",
        "event.value: expected that it is above 100 and is below 200, found 20",
        "no stage changed it",
    ),
    (
        event(),
        "event: {value: 99999999999999999999}",
        "event.value: expected 99999999999999999999, found 20",
        "no stage changed it",
    ),
    (
        f"{event()}\n      ip: 85.214.132.117",
        "event: {consent.ad_storage: granted}",
        'event.consent.ad_storage: expected "granted", found "denied"',
        SAID,
    ),
    (
        f"{event()}\n      ip: 85.214.132.117",
        "destinations: {ga4: send}",
        "ga4: expected send, found withheld: no consent for analytics_storage",
        SAID,
    ),
    (
        event(event_name="scroll"),
        "destinations: {web: send}",
        'web: expected send, found withheld: "when" matches only if event_name is "purchase" or '
        '"refund"',
        'when: not met: matches only if event_name is "purchase" or "refund"; found "scroll"',
    ),
    (
        event(staff=True),
        "destinations: {web: {event: {value: 20}}}",
        "web: expected send, found withheld: dropped by rule 'internal': staff is true",
        "rules: internal: met",
    ),
    (
        event(test=True),
        "destinations: {web: {reason: internal}}",
        "web: expected a reason with 'internal', "
        "found withheld: dropped by rule 'no tests': test is true",
        "no tests: met",
    ),
    (
        event(staff="true"),
        "destinations: {ga4: {decision: withheld, reason: internal}}",
        "ga4: expected withheld: internal, found send",
        'rules: internal: not met: matches only if staff is true; found "true"',
    ),
    (
        event(test="no"),
        "destinations: {web: withheld}",
        "web: expected withheld, found send",
        'web: no tests: not met: matches only if test is true; found "no"',
    ),
    (
        event(user_data={"email_address": "a@b.example"}),
        "destinations: {web: {event: {user_data.email_address: a@b.example}}}",
        'web.event.user_data.email_address: expected "a@b.example", found nothing',
        "web: anonymous: met",
    ),
    (
        event(client_id=None),
        "destinations: {ga4: {requests: 1}}",
        "ga4.requests: expected 1, found 0",
        "ga4: client_id is missing: ",
    ),
    (
        event(),
        "destinations: {web: {requests: [{url: 'https://else.example/'}]}}",
        'web.requests.0.url: expected "https://else.example/", found "https://web.example/events"',
        "",
    ),
    (
        event(),
        "destinations: {web: {requests: [{body: {data.value: 21}}]}}",
        "web.requests.0.body.data.value: expected 21, found 20",
        "",
    ),
]


@pytest.mark.parametrize(("given", "expect", "failure", "because"), FAILED)
def test_what_is_not_as_expected(
    check: Callable[..., Result], given: str, expect: str, failure: str, because: str
) -> None:
    result = check(given, expect)
    first, found, *reasons, last = result.stdout.splitlines()
    assert first.endswith("cases.yaml:2: it")
    assert found == f"  {failure}"
    assert last == "1 case: 1 failed"
    assert result.exit_code == 1
    assert any(line.startswith(f"    {because}") for line in reasons) or not (because or reasons)


def test_every_failure_of_every_case_is_printed(run: Run, config: Path) -> None:
    folder = config.parent / "tests"
    folder.mkdir()
    for name in ("b", "a"):
        (folder / f"{name}.yaml").write_text(
            f"""
cases:
  - {{name: good, given: {{{event()}}}, expect: {{event: {{value: 20}}}}}}
  - {{name: bad, given: {{{event()}}}, expect: {{event: {{value: 1, order_size: 2}}}}}}
"""
        )
    result = run("test", "--config", config)
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if not line.startswith("    ")]
    assert lines == [
        f"{folder}/a.yaml:4: bad",
        "  event.value: expected 1, found 20",
        "  event.order_size: expected 2, found nothing",
        f"{folder}/b.yaml:4: bad",
        "  event.value: expected 1, found 20",
        "  event.order_size: expected 2, found nothing",
        "4 cases: 2 failed",
    ]


GIVEN = """\
cases:
  - name: it
    given:
      event:
        event_name: purchase
        page_titel: x
        email: a@b.example
        user_data: {addres: {city: x}, phone: '1'}
        items: [{item_id: A, item_nme: b}]
        user_properties: {item_nme: own}
        staf: 1
    expect:
      event: {user_data.adress.city: absent, user_data.email: absent, order_sze: absent}
      destinations: {web: {event: {clientid: absent}}}
"""


def test_a_field_that_is_nearly_a_known_one_is_a_warning(run: Run, config: Path) -> None:
    file = config.parent / "cases.yaml"
    file.write_text(GIVEN)
    result = run("test", "--config", config, file)
    assert result.exit_code == 0
    assert result.stdout == "1 case: all passed\n"
    said, expected = "the gateway knows no such field; did you mean", "cases.0.expect"
    of_event = "cases.0.given.event"
    assert result.stderr.splitlines() == [
        f"Warning: {file}:6: {of_event}.page_titel: {said} 'page_title'?",
        f"Warning: {file}:8: {of_event}.user_data.addres: {said} 'user_data.address'?",
        f"Warning: {file}:9: {of_event}.items.0.item_nme: {said} 'items.0.item_name'?",
        f"Warning: {file}:13: {expected}.event.user_data.adress.city: {said} "
        "'user_data.address.city'?",
        f"Warning: {file}:13: {expected}.event.user_data.email: `user_data.email` is read as "
        "`user_data.email_address`; expect that.",
        f"Warning: {file}:14: {expected}.destinations.web.event.clientid: {said} 'client_id'?",
    ]


def test_fields_that_the_configuration_makes_or_reads_need_no_warning(
    run: Run, tmp_path: Path
) -> None:
    config, file = tmp_path / "gateway.yaml", tmp_path / "cases.yaml"
    rules = "[{rename: {usr_id: own}}, {set: {page_titel: x}}]"
    config.write_text(f"sources: {{}}\ndestinations: {{}}\nrules: {rules}\n")
    file.write_text(
        "cases: [{name: it, given: {event: {event_name: a, usr_id: '1'}}, "
        "expect: {event: {page_titel: x, usr_id: absent, own: '1'}}}]"
    )
    result = run("test", "--config", config, file)
    assert (result.stdout, result.stderr) == ("1 case: all passed\n", "")


def test_a_code_with_zeros_in_front_is_a_text(check: Callable[..., Result]) -> None:
    result = check("event: {event_name: a, zip: 01067}", "event: {zip: 01067}")
    assert result.exit_code == 2
    assert [line.partition(": ")[2] for line in result.stderr.splitlines()] == [
        "cases.0.given.event.zip: should be a text: write it in quotes",
        "cases.0.expect.event.zip: should be a text: write it in quotes",
    ]


def test_json(check: Callable[..., Result]) -> None:
    result = check(event(), "event: {order_size: large}", "--json")
    assert result.exit_code == 1
    (case,) = json.loads(result.stdout)
    assert (case["line"], case["case"]) == (2, "it")
    assert case["failures"] == [
        {
            "where": "event.order_size",
            "expected": '"large"',
            "found": "nothing",
            "because": ["rules: large: not met: matches only if value is at least 500; found 20"],
        }
    ]


@pytest.mark.parametrize(
    ("given", "expect", "mistake"),
    [
        ("event: {}", "event: {a: 1}", "cases.0.given.event: event_name: Field required"),
        (
            "event: {event_name: x, a: 99999999999999999999}",
            "event: {a: 1}",
            "cases.0.given.event: contains a value that cannot be represented in JSON",
        ),
        (
            f"{event()}\n      evnt: 1",
            "event: {a: 1}",
            "cases.0.given.evnt: unknown key; did you mean 'event'?",
        ),
        (f"{event()}\n      ip: 1.2.3", "event: {a: 1}", "cases.0.given.ip: value is not a valid"),
        (f"{event()}\n      at: noon", "event: {a: 1}", "cases.0.given.at: should be a valid"),
        (
            f"{event()}\n      source: sit",
            "event: {a: 1}",
            "cases.0.given.source: the configuration has no source 'sit'; did you mean 'site'?",
        ),
        (event(), "{}", "cases.0.expect: needs an expectation: one of event, destinations"),
        (event(), "event: {}", "cases.0.expect: needs an expectation"),
        (event(), "event: {items.price: 1}", "cases.0.expect.event.items.price: "),
        (event(), "event: {a: {gr: 1}}", "cases.0.expect.event.a.gr: unknown key"),
        (
            event(),
            "destinations: {web: sent}",
            "cases.0.expect.destinations.web: 'sent' is not one of send, withheld; "
            "did you mean 'send'?",
        ),
        (
            event(),
            "destinations: {wbe: send}",
            "cases.0.expect.destinations.wbe: the configuration has no destination 'wbe'; "
            "did you mean 'web'?",
        ),
        (
            event(),
            "destinations: {web: {}}",
            "cases.0.expect.destinations.web: needs an expectation",
        ),
        (event(), "destinations: {web: {reason: ''}}", "cases.0.expect.destinations.web.reason: "),
        (
            event(),
            "destinations: {web: {decision: withheld, event: {a: absent}}}",
            "cases.0.expect.destinations.web: a withheld event has neither `event` nor `requests`",
        ),
        (
            event(),
            "destinations: {web: {requests: one}}",
            "cases.0.expect.destinations.web.requests: should be a whole number",
        ),
        (
            event(),
            "destinations: {web: {requests: [{}]}}",
            "cases.0.expect.destinations.web.requests.0: needs an expectation: one of url, body",
        ),
        (
            event(),
            "destinations: {web: {requests: [{body: {a..b: 1}}]}}",
            "cases.0.expect.destinations.web.requests.0.body.a..b: 'a..b' is not a path",
        ),
    ],
)
def test_a_mistake_has_its_line_and_status_2(
    check: Callable[..., Result], given: str, expect: str, mistake: str
) -> None:
    result = check(given, expect)
    (line,) = result.stderr.splitlines()
    name, number, message = line.split(":", 2)
    assert name.endswith("cases.yaml")
    assert 2 < int(number) < 8
    assert message.startswith(f" {mistake}")
    assert (result.exit_code, result.stdout) == (2, "")


def test_all_mistakes_are_told_at_once(run: Run, config: Path) -> None:
    config.write_text(CONFIG.replace("enrichment", "enrichmnt"))
    one, two, three = (config.parent / f"{name}.yaml" for name in ("one", "two", "three"))
    one.write_text("cases: [{nme: a}]")
    two.write_text("cases: {")
    three.touch()
    result = run("test", "--config", config, one, two, three, config.parent / "four.yaml")
    assert result.exit_code == 2
    messages = [line.split(":", 2)[2].strip() for line in result.stderr.splitlines()[:-1]]
    assert [message.split(":")[0] for message in messages] == [
        "cases.0.expect",
        "cases.0.given",
        "cases.0.name",
        "cases.0.nme",
        "not YAML",
        "the file is empty",
        "cannot be read",
        "enrichmnt",
    ]


def test_the_environment_of_the_process_does_not_count(run: Run, config: Path) -> None:
    config.write_text(CONFIG.replace("https://web.example", "${WEB:-https://default.example}"))
    file = config.parent / "cases.yaml"
    file.write_text(
        f"""
cases:
  - name: it
    given: {{{event()}}}
    expect:
      destinations: {{web: {{requests: [{{url: 'https://default.example/events'}}]}}}}
"""
    )
    assert run("test", "--config", config, file).exit_code == 0
    assert run("test", "--config", config, file, WEB="https://process.example").exit_code == 0
    file.write_text("environment: {WEB: 'https://file.example'}" + file.read_text())
    result = run("test", "--config", config, file, WEB="https://process.example")
    assert 'found "https://file.example/events"' in result.stdout


def test_where_a_made_up_value_does_not_fit_it_says_what_to_do(run: Run, config: Path) -> None:
    config.write_text(CONFIG.replace("https://web.example/events", "${WEB}"))
    file = config.parent / "cases.yaml"
    cases = f"cases: [{{name: it, given: {{{event()}}}, expect: {{event: {{value: 20}}}}}}]\n"
    file.write_text(cases)
    result = run("test", "--config", config, file)
    assert result.exit_code == 2
    mistake, hint = result.stderr.splitlines()
    assert "destinations.web.url: " in mistake
    assert "BACKEND_KEY, GA4_SECRET, WEB, WEBHOOK_SECRET" in hint
    assert "`environment`" in hint
    file.write_text(f"environment: {{WEB: 'https://web.example/'}}\n{cases}")
    assert run("test", "--config", config, file).exit_code == 0


def test_a_value_from_a_file_is_made_up_too(run: Run, config: Path) -> None:
    config.write_text(
        CONFIG.replace("${BACKEND_KEY}", "${file:no-such-file}").replace(
            "https://web.example/events", "${file:web-url}"
        )
    )
    file = config.parent / "cases.yaml"
    cases = f"cases: [{{name: it, given: {{{event()}}}, expect: {{event: {{value: 20}}}}}}]\n"
    file.write_text(cases)
    result = run("test", "--config", config, file)
    assert result.exit_code == 2
    assert "GA4_SECRET, WEBHOOK_SECRET, file:no-such-file, file:web-url;" in result.stderr
    file.write_text(f"environment: {{'file:web-url': 'https://web.example/'}}\n{cases}")
    assert run("test", "--config", config, file).exit_code == 0


def test_without_cases(run: Run, config: Path) -> None:
    result = run("test", "--config", config)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"no test cases found in {config.parent}/tests: ")


def test_what_is_printed_cannot_command_the_terminal(check: Callable[..., Result]) -> None:
    result = check(event(said="\x1b[2J\n1 case: all passed"), "event: {said: ''}")
    assert result.exit_code == 1
    assert all(line.isprintable() for line in result.stdout.splitlines())
    assert result.stdout.splitlines()[-1] == "1 case: 1 failed"


def test_cases_of_one_configuration_are_in_a_folder_named_like_it(run: Run, tmp_path: Path) -> None:
    config = "sources: {site: {type: collect}}\ndestinations: {}\nrules:\n  - set: {of: %s}\n"
    case = "cases:\n  - name: a\n    given: {event: {event_name: a}}\n    expect: {event: {%s}}\n"
    for name in ("shop", "blog"):
        (tmp_path / f"{name}.yaml").write_text(config % name)
        (tmp_path / "tests" / name).mkdir(parents=True)
        (tmp_path / "tests" / name / "own.yaml").write_text(case % f"of: {name}")
    (tmp_path / "tests/all.yaml").write_text(case % "event_name: a")
    for name in ("shop", "blog"):
        result = run("test", "--config", tmp_path / f"{name}.yaml")
        assert (result.exit_code, result.output) == (0, "2 cases: all passed\n")


@pytest.mark.parametrize(
    "name", ["config/gateway.yaml", "config/examples/shop.yaml", "config/production.yaml"]
)
def test_the_cases_that_we_ship(run: Run, name: str) -> None:
    result = run("test", "--config", ROOT / name)
    assert result.output.endswith(" cases: all passed\n")
    assert result.exit_code == 0
