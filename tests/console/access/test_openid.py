"""Sign-in with a real OpenID Connect provider on a port of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from pydantic import SecretStr

from gateway.console.access.openid import provider as provider_module
from gateway.console.access.openid import routes as module
from gateway.console.access.openid import start as start_module
from gateway.console.access.openid.start import CALLBACK, unsealed
from tests.support.console_access import (
    URL,
    Browser,
    MakeSettings,
    OpenBrowser,
    users,
    words,
)
from tests.support.openid_provider import (
    CLIENT,
    EC_KEY,
    OTHER_RSA_KEY,
    RSA_KEY,
    OpenIdProvider,
    public,
)

pytestmark = pytest.mark.anyio

Logged = Callable[[], list[dict[str, Any]]]
Claims = dict[str, Any]


@pytest.fixture
def provider() -> Iterator[OpenIdProvider]:
    with OpenIdProvider(URL + CALLBACK) as running:
        yield running


def configured(provider: OpenIdProvider, more: str = "") -> str:
    return (
        f"{users()}, openid: {{issuer: '{provider.issuer}', client_id: '{CLIENT[0]}', "
        f"client_secret: '{CLIENT[1]}', base_url: '{URL}', operators: [admins, 'true'], "
        f"viewers: [staff]{more}}}"
    )


@pytest.fixture
def open_console(
    browser: OpenBrowser, make_settings: MakeSettings, provider: OpenIdProvider
) -> Callable[..., Browser]:
    def open_console(more: str = "", url: str = URL) -> Browser:
        return browser(url, make_settings(configured(provider, more)))

    return open_console


async def at_provider(browser: Browser, path: str = "/login/openid?next=%2Fevents%2F0a") -> str:
    """The path to which the provider sends the browser back."""
    begun = await browser.get(path)
    assert begun.status_code == 303, words(begun)
    async with httpx.AsyncClient(verify=False) as client:
        back = await client.get(begun.headers["location"])
    return str(back.headers["location"]).removeprefix(URL)


async def back(browser: Browser, path: str) -> httpx.Response:
    return await browser.get(path, sec_fetch_site="cross-site")


async def sign_in(browser: Browser) -> httpx.Response:
    return await back(browser, await at_provider(browser))


async def test_whoever_follows_a_link_gets_there_after_signing_in(
    open_console: Callable[..., Browser], logged: Logged
) -> None:
    console = open_console()
    form = await console.get((await console.get("/events/0a?x=1")).headers["location"])
    assert 'href="/login/openid?next=%2Fevents%2F0a%3Fx%3D1"' in form.text
    answer = await back(
        console, await at_provider(console, "/login/openid?next=/events/0a%3Fx%3D1")
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/events/0a?x=1")
    cookies = answer.headers.get_list("set-cookie")
    assert cookies
    assert all("Secure" in each for each in cookies)
    assert [each.name for each in console.client.cookies.jar] == ["__Host-gateway_console"]
    shown = (await console.get("/")).json()
    assert (shown["name"], shown["role"]) == ("carl@shop.example", "operator")
    (line,) = logged()
    assert line["user"] == "console:carl@shop.example"
    assert line["arguments"] == {"method": "openid", "role": "operator", "subject": "u-17"}


async def test_an_odd_subject_is_written_to_the_log_escaped(
    open_console: Callable[..., Browser], provider: OpenIdProvider, logged: Logged
) -> None:
    provider.user["sub"] = "u\ud800\n\x1b[2J"
    assert (await sign_in(open_console())).status_code == 303
    (line,) = logged()
    assert line["arguments"]["subject"] == "u\\ud800\\n\\u001b[2J"


@pytest.mark.parametrize(
    ("user", "more", "role"),
    [
        ({"groups": ["staff"]}, "", "viewer"),
        ({"groups": ["staff", "admins"]}, "", "operator"),
        ({"groups": "admins"}, "", "operator"),
        ({"realm_access": {"roles": ["staff"]}}, ", role_claim: realm_access.roles", "viewer"),
        ({"https://a.b/roles": ["staff"]}, ", role_claim: 'https://a.b/roles'", "viewer"),
        ({"is_admin": True}, ", role_claim: is_admin", "operator"),
        ({"is_admin": False}, ", role_claim: is_admin", None),
        ({"groups": ["admin", "Admins", "admins "]}, "", None),
        ({"groups": {"admins": True}}, "", None),
        ({"groups": [["admins"], None, 7]}, "", None),
        ({"groups": "admins,staff"}, "", None),
        ({}, "", None),
        ({"groups": ["admins"]}, ", role_claim: groups.admins", None),
        ({"email": "staff", "email_verified": True}, ", role_claim: email", "viewer"),
        ({"email": "staff"}, ", role_claim: email", "viewer"),
        ({"email": "staff", "email_verified": False}, ", role_claim: email", None),
        ({"email": "admins", "email_verified": "false"}, ", role_claim: email", None),
    ],
)
async def test_a_claim_decides_about_the_role(
    open_console: Callable[..., Browser],
    provider: OpenIdProvider,
    user: Claims,
    more: str,
    role: str | None,
) -> None:
    provider.user = {"sub": "u-17", **user}
    console = open_console(more)
    answer = await sign_in(console)
    if role is None:
        assert answer.status_code == 403
        assert "signed in at the provider as u-17" in words(answer)
        assert (await console.get("/")).status_code == 303
    else:
        assert (await console.get("/")).json()["role"] == role


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"email": "a@b.example", "preferred_username": "a"}, "a@b.example"),
        ({"email": "a@b.example", "email_verified": False, "preferred_username": "a"}, "a"),
        ({"email": "a@b.example", "email_verified": "false", "preferred_username": "a"}, "a"),
        ({"email": "a@b.example", "email_verified": 0, "preferred_username": "a"}, "a"),
        ({"email": "a@b.example", "email_verified": True}, "a@b.example"),
        ({"email": "a@b.example", "email_verified": "true"}, "a@b.example"),
        ({"email": 7, "preferred_username": " "}, "u-17"),
        ({"preferred_username": "anna"}, "anna (openid)"),
        ({"preferred_username": "local"}, "local (openid)"),
        ({"email": "<script>\u202e\x1b[2J"}, "<script>\\u202e\\u001b[2J"),
        ({"email": "a" * 1_000}, "a" * 64),
    ],
)
async def test_nobody_takes_the_name_of_another(
    open_console: Callable[..., Browser], provider: OpenIdProvider, user: Claims, name: str
) -> None:
    provider.user = {"sub": "u-17", "groups": ["admins"], **user}
    console = open_console()
    await sign_in(console)
    assert (await console.get("/")).json()["name"] == name


def without(*names: str) -> Callable[[Claims], Claims]:
    return lambda claims: {name: value for name, value in claims.items() if name not in names}


def with_(**claims: Any) -> Callable[[Claims], Claims]:
    return lambda given: {**given, **claims}


NOW = int(time.time())


@pytest.mark.parametrize(
    "change",
    [
        with_(nonce="another"),
        with_(nonce=""),
        with_(nonce=None),
        without("nonce"),
        with_(aud="another client"),
        with_(aud=["another client"]),
        with_(aud=[CLIENT[0], "another client"]),
        with_(aud=[CLIENT[0], "another client"], azp="another client"),
        with_(azp="another client"),
        with_(aud=[]),
        with_(aud=None),
        without("aud"),
        with_(iss="https://evil.example"),
        without("iss"),
        with_(exp=NOW - 3_600),
        with_(exp="soon"),
        without("exp"),
        with_(iat=NOW + 86_400),
        without("iat"),
        with_(nbf=NOW + 86_400),
        with_(sub=""),
        with_(sub=" "),
        with_(sub=7),
        without("sub"),
    ],
)
async def test_a_token_that_says_something_else_is_refused(
    open_console: Callable[..., Browser],
    provider: OpenIdProvider,
    change: Callable[[Claims], Claims],
    logged: Logged,
) -> None:
    provider.change = change
    console = open_console()
    answer = await sign_in(console)
    assert (answer.status_code, module.NOT_VALID in words(answer)) == (403, True)
    assert (await console.get("/")).status_code == 303
    assert not console.client.cookies
    assert [line["command"] for line in logged()] == ["console login refused"]


def unsigned(claims: Claims) -> str:
    return jwt.encode(claims, None, "none")


def by_the_public_key(claims: Claims) -> str:
    """Signed with the provider's public key as if it were a shared secret."""
    secret = public(RSA_KEY, "one")["n"].encode()
    return jwt.encode(claims, secret, "HS256", {"kid": "one"})


def truncated(claims: Claims) -> str:
    return jwt.encode(claims, RSA_KEY, "RS256", {"kid": "one"})[:-5]


def stripped(claims: Claims) -> str:
    return jwt.encode(claims, RSA_KEY, "RS256", {"kid": "one"}).rpartition(".")[0] + "."


@pytest.mark.parametrize(
    "sign",
    [
        unsigned,
        by_the_public_key,
        truncated,
        stripped,
        lambda claims: jwt.encode(claims, CLIENT[1] * 3, "HS256", {"kid": "one"}),
        lambda claims: jwt.encode(claims, OTHER_RSA_KEY, "RS256", {"kid": "one"}),
        lambda claims: jwt.encode(claims, OTHER_RSA_KEY, "RS256", {"kid": "two"}),
        lambda claims: jwt.encode(
            claims, OTHER_RSA_KEY, "RS256", {"jwk": public(OTHER_RSA_KEY, "one"), "kid": "one"}
        ),
        lambda claims: jwt.encode(claims, EC_KEY, "ES256", {"kid": "one"}),
        lambda claims: "",
        lambda claims: "a.b.c",
        lambda claims: "é" * 100,
    ],
)
async def test_a_token_that_the_provider_has_not_signed_is_refused(
    open_console: Callable[..., Browser], provider: OpenIdProvider, sign: Callable[[Claims], str]
) -> None:
    provider.sign = sign
    answer = await sign_in(open_console())
    assert (answer.status_code, module.NOT_VALID in words(answer)) == (403, True)


@pytest.mark.parametrize(
    ("sign", "key"),
    [
        (lambda claims: jwt.encode(claims, RSA_KEY, "RS512"), public(RSA_KEY, "one")),
        (lambda claims: jwt.encode(claims, RSA_KEY, "PS256"), public(RSA_KEY, "one")),
        (lambda claims: jwt.encode(claims, EC_KEY, "ES256"), public(EC_KEY, "one", alg="ES256")),
    ],
)
async def test_other_good_signatures_are_accepted(
    open_console: Callable[..., Browser],
    provider: OpenIdProvider,
    sign: Callable[[Claims], str],
    key: Claims,
) -> None:
    provider.sign, provider.keys = sign, [key]
    assert (await sign_in(open_console())).status_code == 303


@pytest.mark.parametrize(
    "key",
    [
        public(RSA_KEY, "one", use="enc"),
        public(RSA_KEY, "one", alg="RS512"),
        {"kty": "oct", "kid": "one", "k": "c2VjcmV0"},
        {"kty": "RSA", "kid": "one", "n": "!", "e": 7},
        {"kid": "one"},
    ],
)
async def test_a_key_for_something_else_is_not_used(
    open_console: Callable[..., Browser], provider: OpenIdProvider, key: Claims
) -> None:
    provider.keys = [key]
    assert (await sign_in(open_console())).status_code == 403


async def test_a_new_key_of_the_provider_is_found(
    open_console: Callable[..., Browser],
    provider: OpenIdProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    console = open_console()
    await sign_in(console)
    await sign_in(console)
    assert provider.calls.count("keys") == provider.calls.count("configuration") == 1
    provider.keys = [public(OTHER_RSA_KEY, "two")]
    provider.sign = lambda claims: jwt.encode(claims, OTHER_RSA_KEY, "RS256", {"kid": "two"})
    monkeypatch.setattr(provider_module, "REST_SECONDS", 0.0)
    assert (await sign_in(console)).status_code == 303
    assert provider.calls.count("keys") == 2


async def test_an_answer_is_of_use_once_and_in_one_browser(
    open_console: Callable[..., Browser], provider: OpenIdProvider
) -> None:
    console, thief = open_console(), open_console()
    path = await at_provider(console)
    cookies = dict(console.client.cookies)
    stolen = await back(thief, path)
    assert (stolen.status_code, module.OTHER_BROWSER in words(stolen)) == (403, True)
    await at_provider(thief)  # a sign-in of its own does not help
    assert (await back(thief, path)).status_code == 403
    assert (await back(console, path)).status_code == 303
    console.client.cookies.update(cookies)
    again = await back(console, path)
    assert (again.status_code, module.OTHER_BROWSER in words(again)) == (403, True)
    assert provider.calls.count("token") == 1


@pytest.mark.parametrize(
    "path",
    [
        CALLBACK,
        f"{CALLBACK}?code=a",
        f"{CALLBACK}?state=",
        f"{CALLBACK}?state=a&code=b",
        f"{CALLBACK}?state=%C3%A9&code=b",
        f"{CALLBACK}?state={'a' * 43}&code=b",
    ],
)
async def test_an_answer_to_no_sign_in_is_refused(
    open_console: Callable[..., Browser], provider: OpenIdProvider, path: str
) -> None:
    console = open_console()
    assert (await back(console, path)).status_code == 403
    await at_provider(console)
    assert (await back(console, path)).status_code == 403
    assert "token" not in provider.calls


async def test_a_sign_in_takes_ten_minutes_at_most(
    open_console: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_module, "SIGN_IN_SECONDS", -1)
    assert (await sign_in(open_console())).status_code == 403


@pytest.mark.parametrize("cookie", ["", "a", "a" * 4_000, "é", "AAAA", "!" * 50])
async def test_a_cookie_that_the_console_has_not_made_is_none(
    open_console: Callable[..., Browser],
    cookie: str,
    make_settings: MakeSettings,
    provider: OpenIdProvider,
) -> None:
    console = open_console()
    path = await at_provider(console)
    sent = f"__Host-gateway_console_openid={cookie}".encode("latin-1", "replace")
    answer = await console.client.get(path, headers={b"cookie": sent})  # type: ignore[dict-item]
    assert answer.status_code == 403
    openid = make_settings(configured(provider)).console.openid
    assert openid is not None
    assert unsealed(cookie, openid) is None


async def test_neither_the_verifier_nor_the_nonce_can_be_read_in_the_browser(
    open_console: Callable[..., Browser], provider: OpenIdProvider, make_settings: MakeSettings
) -> None:
    console = open_console()
    begun = await console.get("/login/openid")
    (cookie,) = (each.value or "" for each in console.client.cookies.jar)
    openid = make_settings(configured(provider)).console.openid
    assert openid is not None
    start = unsealed(cookie, openid)
    assert start is not None
    query = parse_qs(urlsplit(begun.headers["location"]).query)
    assert query["state"] == [start.state]
    assert start.verifier not in begun.headers["location"]
    assert start.verifier not in cookie
    header = begun.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Max-Age=600"} <= set(header.split("; "))
    other = openid.model_copy(update={"client_secret": SecretStr("other")})
    assert unsealed(cookie, other) is None


@pytest.mark.parametrize("wanted", ["//evil.example", "/\\evil.example", "https:evil.example"])
async def test_no_link_leads_elsewhere(open_console: Callable[..., Browser], wanted: str) -> None:
    console = open_console()
    begun = await console.client.get("/login/openid", params={"next": wanted})
    async with httpx.AsyncClient(verify=False) as client:
        path = (await client.get(begun.headers["location"])).headers["location"]
    answer = await back(console, path.removeprefix(URL))
    assert answer.headers["location"] == "/"


async def test_under_another_name_one_is_sent_to_the_one_that_the_provider_knows(
    open_console: Callable[..., Browser],
) -> None:
    console = open_console(url="http://localhost:8082")
    answer = await console.get("/login/openid?next=%2Fevents")
    assert answer.headers["location"] == f"{URL}/login/openid?next=%2Fevents&sent=1"
    assert "set-cookie" not in answer.headers


async def test_a_proxy_that_changes_the_host_is_told_about_and_no_loop(
    open_console: Callable[..., Browser],
) -> None:
    console = open_console(url="http://127.0.0.1:8082")
    sent = (await console.get("/login/openid?next=/events")).headers["location"]
    answer = await console.get(sent.removeprefix(URL))
    assert answer.status_code == 421
    assert "came for the host 127.0.0.1:8082" in words(answer)
    assert "has to pass the header Host on" in words(answer)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("error=access_denied&error_description=<script>", "(access_denied)"),
        ("error=<script>", "(no code)"),
        ("", "(no code)"),
        ("code=a&iss=https://evil.example", module.NOT_VALID),
        ("code=a&iss=", module.NOT_VALID),
    ],
)
async def test_what_the_provider_refuses_is_said(
    open_console: Callable[..., Browser], provider: OpenIdProvider, query: str, said: str
) -> None:
    console = open_console()
    state = parse_qs(urlsplit(await at_provider(console)).query)["state"][0]
    answer = await back(console, f"{CALLBACK}?state={state}&{query}")
    assert (answer.status_code, said in words(answer)) == (403, True)
    assert "<script>" not in answer.text
    assert "token" not in provider.calls


async def test_a_provider_that_names_itself_has_to(
    open_console: Callable[..., Browser], provider: OpenIdProvider
) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    console = open_console()
    path = await at_provider(console)
    assert (await back(console, path.partition("&iss=")[0])).status_code == 403
    assert (await sign_in(console)).status_code == 303


async def test_the_secret_goes_in_the_form_where_the_provider_wants_it(
    open_console: Callable[..., Browser], provider: OpenIdProvider
) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert (await sign_in(open_console())).status_code == 303


@pytest.mark.parametrize(
    ("metadata", "status", "said"),
    [
        ({"issuer": "https://evil.example"}, 200, "another issuer"),
        ({"issuer": None}, 200, "another issuer"),
        ({"authorization_endpoint": "javascript:alert(1)"}, 200, "authorization_endpoint"),
        ({"token_endpoint": 7}, 200, "token_endpoint"),
        ({"jwks_uri": "file:///etc/passwd"}, 200, "jwks_uri"),
        ({}, 500, "HTTP 500"),
        ({}, 302, "HTTP 302"),
    ],
)
async def test_a_provider_that_cannot_be_used_is_said(
    open_console: Callable[..., Browser],
    provider: OpenIdProvider,
    metadata: Claims,
    status: int,
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    provider.metadata, provider.status = metadata, status
    console = open_console()
    for _ in range(3):
        answer = await console.get("/login/openid")
        assert (answer.status_code, said in words(answer)) == (502, True)
        assert CLIENT[1] not in answer.text
    assert provider.calls.count("configuration") == 1, "asked again only after a moment"
    assert len([line for line in caplog.messages if said in line]) == 1


class Clock:
    """Stands in for the module `time`. now: seconds."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


async def test_those_who_wait_for_a_provider_that_hangs_wait_for_one_question(
    open_console: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(provider_module, "time", clock := Clock())

    async def hang(_: object, url: str) -> Claims:
        asked.append(url)
        await asyncio.sleep(0.01)
        clock.now += provider_module.TIMEOUT_SECONDS
        raise provider_module.ProviderError("it does not answer")

    monkeypatch.setattr(provider_module.Provider, "_get", hang)
    console = open_console()
    answers = await asyncio.gather(*(console.get("/login/openid") for _ in range(5)))
    assert [answer.status_code for answer in answers] == [502] * 5
    assert len(asked) == 1


async def test_without_a_provider_others_still_get_in(
    open_console: Callable[..., Browser], provider: OpenIdProvider
) -> None:
    provider.__exit__()
    console = open_console()
    assert (await console.get("/login/openid")).status_code == 502
    assert (await console.sign_in()).status_code == 303


@pytest.mark.parametrize(
    ("before", "after"), [("admins", "owners"), (CLIENT[1], "another"), (", openid: ", None)]
)
async def test_a_session_ends_when_the_settings_of_the_provider_change(
    open_console: Callable[..., Browser],
    browser: OpenBrowser,
    make_settings: MakeSettings,
    provider: OpenIdProvider,
    before: str,
    after: str | None,
) -> None:
    console, was = open_console(), configured(provider)
    await sign_in(console)
    now = was.partition(before)[0] if after is None else was.replace(before, after)
    later = browser(settings=make_settings(f"hosts: [console.example], {now}"))
    later.client.cookies.update(console.client.cookies)
    assert (await later.get("/")).status_code == 303


async def test_strangers_begin_sign_ins_without_leaving_anything(
    open_console: Callable[..., Browser], stored: Any
) -> None:
    for _ in range(5):
        await open_console().get("/login/openid")
    assert await stored._redis.keys("*") == []


async def test_answers_that_let_nobody_in_are_paced(
    open_console: Callable[..., Browser], provider: OpenIdProvider
) -> None:
    provider.change = with_(nonce="another")
    console = open_console()
    statuses = [(await sign_in(console)).status_code for _ in range(7)]
    assert statuses == [403] * 5 + [429] * 2


async def test_colleagues_in_one_network_do_not_keep_each_other_out(
    open_console: Callable[..., Browser],
) -> None:
    statuses = [(await sign_in(open_console())).status_code for _ in range(12)]
    assert statuses == [303] * 12


async def test_strangers_keep_nobody_out_who_has_signed_in_before(
    open_console: Callable[..., Browser], browser: OpenBrowser, attempts_of_strangers: int
) -> None:
    assert (await sign_in(open_console())).status_code == 303
    for n in range(attempts_of_strangers + 3):
        await browser(address=f"198.51.{n}.7").sign_in("anna", "guess")
    assert (await sign_in(open_console())).status_code == 303
