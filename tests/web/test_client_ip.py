"""The sender of a request: the first address from the right that is not one of our trusted
proxies, or none if that address cannot be read."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.client_ip import MAX_HOPS, ClientAddress, compile_client_ip

PROXIES = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8:1::/48"]


def client_ip(peer: str, forwarded: str | None, trusted: list[str]) -> str:
    return sender(peer, {"x-forwarded-for": forwarded}, trusted).address


def sender(
    peer: str, headers: Mapping[str, str | None], trusted: list[str], header: str | None = None
) -> ClientAddress:
    function = compile_client_ip([ip_network(each) for each in trusted], header)
    present = {name: value for name, value in headers.items() if value is not None}
    first = function(peer, present)
    assert function(peer, present) == first  # the same from the cache
    return first


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "10.0.0.1"),
    ],
)
def test_without_trust_the_header_is_not_read(peer: str, forwarded: str, expected: str) -> None:
    assert client_ip(peer, forwarded, []) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        # one proxy
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("192.0.2.7", " 198.51.100.1 ", "198.51.100.1"),
        ("192.0.2.8", "198.51.100.1", "192.0.2.8"),  # a neighbour of the proxy
        # two proxies
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1,192.0.2.7,10.0.0.2", "198.51.100.1"),
        # what the client itself wrote is on the left
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("203.0.113.9", "1.1.1.1", "203.0.113.9"),
        # our own machines
        ("10.0.0.1", "10.0.0.5", "10.0.0.5"),
        ("10.0.0.1", "10.0.0.5, 10.0.0.6", "10.0.0.5"),
        # IPv6
        ("2001:db8:1::5", "2001:db8:ffff::1", "2001:db8:ffff::1"),
        ("2001:db8:1::5", "2001:DB8:FFFF:0::1, 10.0.0.1", "2001:db8:ffff::1"),
        ("2001:db8:2::5", "2001:db8:ffff::1", "2001:db8:2::5"),
        # IPv4-mapped IPv6, as a dual-stack socket reports it
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, ::ffff:10.0.0.2", "198.51.100.1"),
        ("::ffff:203.0.113.9", "1.1.1.1", "203.0.113.9"),
        # no address at all: a Unix socket, a test client
        ("", "198.51.100.1", ""),
        ("testclient", "198.51.100.1", "testclient"),
    ],
)
def test_with_trusted_proxies(peer: str, forwarded: str, expected: str) -> None:
    assert client_ip(peer, forwarded, PROXIES) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxied"),
    [
        ("10.0.0.1", "198.51.100.1", True),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9", True),
        ("10.0.0.1", None, True),
        ("10.0.0.1", "<script>", True),
        ("::ffff:10.0.0.1", "198.51.100.1", True),
        ("2001:db8:1::5", "198.51.100.1", True),
        ("203.0.113.9", None, False),
        ("203.0.113.9", "10.0.0.1", False),  # its own claim
        ("192.0.2.8", "192.0.2.7", False),
        ("", "10.0.0.1", False),
        ("testclient", "10.0.0.1", False),
    ],
)
def test_a_request_is_proxied_when_its_peer_is_trusted(
    peer: str, forwarded: str | None, proxied: bool
) -> None:
    headers = {"x-forwarded-for": forwarded}
    assert sender(peer, headers, PROXIES).proxied is proxied
    assert sender(peer, headers, []).proxied is False


FORMS = [
    # as it should be
    ("198.51.100.1", "198.51.100.1"),
    ("2001:db8:ffff::1", "2001:db8:ffff::1"),
    # with a port
    ("198.51.100.1:4711", "198.51.100.1"),
    ("198.51.100.1:0", "198.51.100.1"),
    ("198.51.100.1:_port", "198.51.100.1"),
    ("[2001:db8:ffff::1]:443", "2001:db8:ffff::1"),
    # in brackets, in quotes, with spaces
    ("[2001:db8:ffff::1]", "2001:db8:ffff::1"),
    ("[198.51.100.1]:80", "198.51.100.1"),
    ('"198.51.100.1"', "198.51.100.1"),
    ('"198.51.100.1:4711"', "198.51.100.1"),
    ('"[2001:db8:ffff::1]:443"', "2001:db8:ffff::1"),
    ('  " 198.51.100.1 "\t', "198.51.100.1"),
    # other notations of IPv6
    ("2001:DB8:FFFF:0:0:0:0:1", "2001:db8:ffff::1"),
    ("fe80::1%eth0", "fe80::1"),
    ("[fe80::1%25eth0]:443", "fe80::1"),
    ("::ffff:198.51.100.1", "198.51.100.1"),
    ("[::ffff:198.51.100.1]:443", "198.51.100.1"),
    ("::ffff:c633:6401", "198.51.100.1"),
    ("::ffff:198.51.100.1%eth0", "198.51.100.1"),
    # one of our proxies, which another one took for the client
    ("192.0.2.7", "proxy"),
    ("[2001:db8:1::9]:443", "proxy"),
    # hidden by a proxy
    ("unknown", "hidden"),
    ("UNKNOWN", "hidden"),
    ("unknown:80", "hidden"),
    ("_hidden", "hidden"),
    ('"_SEVKISEK:_p1"', "hidden"),
    # unreadable
    ("999.1.1.1", "unreadable"),
    ("198.51.100", "unreadable"),
    ("198.51.100.1:", "unreadable"),
    ("198.51.100.1:port", "unreadable"),
    ("198.51.100.1:123456", "unreadable"),
    ("198.51.100.1/24", "unreadable"),
    ("198.51.100.1 203.0.113.9", "unreadable"),
    ("198.51.100.1%eth0", "unreadable"),
    ("198.051.100.001", "unreadable"),
    ("3325256705", "unreadable"),
    ("[2001:db8:ffff::1", "unreadable"),
    ("2001:db8:ffff::1]", "unreadable"),
    ("[2001:db8:ffff::1]443", "unreadable"),
    ("[2001:db8:ffff::1]:", "unreadable"),
    ("[]", "unreadable"),
    ("[]:443", "unreadable"),
    (":443", "unreadable"),
    ('"198.51.100.1', "unreadable"),
    ('198.51.100.1"', "unreadable"),
    ('"', "unreadable"),
    ('""', "unreadable"),
    ("'198.51.100.1'", "unreadable"),
    ("for=198.51.100.1", "unreadable"),
    ("<script>", "unreadable"),
    ("localhost", "unreadable"),
    ("unix:", "unreadable"),
    ("-", "unreadable"),
    ("198.51.100.1" + " " * 200 + "x", "unreadable"),
    ("1" * 1000, "unreadable"),
    ("\xb9\xb2.1.1.1", "unreadable"),
]
"""What a proxy may write, and the address in it or the reason why there is none."""

OUTSIDE = [form for form in FORMS if form[1] != "proxy"]
PROBLEMS = {"no_header", "unreadable", "hidden", "proxy"}


def expected_of(outcome: str) -> ClientAddress:
    if outcome in PROBLEMS:
        return ClientAddress("", True, outcome)  # type: ignore[arg-type]
    return ClientAddress(outcome, True)


@pytest.mark.parametrize(("text", "outcome"), FORMS)
@pytest.mark.parametrize("chain", ["{}", "{}, 10.0.0.2", "{},[2001:db8:1::2]:80,10.0.0.2:80"])
def test_every_form_of_an_address(text: str, outcome: str, chain: str) -> None:
    headers = {"x-forwarded-for": chain.format(text)}
    assert sender("10.0.0.1", headers, PROXIES) == expected_of(outcome)


@pytest.mark.parametrize(("text", "outcome"), OUTSIDE)
def test_what_a_visitor_wrote_left_of_the_address_is_not_read(text: str, outcome: str) -> None:
    headers = {"x-forwarded-for": f"{text}, 203.0.113.9:80, 10.0.0.2"}
    assert sender("10.0.0.1", headers, PROXIES) == ClientAddress("203.0.113.9", True)


@pytest.mark.parametrize(("text", "_"), FORMS)
@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip"])
@pytest.mark.parametrize("header", [None, "X-Real-IP"])
def test_a_stranger_is_believed_nothing(text: str, _: str, name: str, header: str | None) -> None:
    headers = {name: text}
    assert sender("8.8.8.8", headers, PROXIES, header) == ClientAddress("8.8.8.8", False)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("198.51.100.1,", "198.51.100.1"),
        ("198.51.100.1, , ", "198.51.100.1"),
        ("198.51.100.1,,10.0.0.2", "198.51.100.1"),
        (",198.51.100.1", "198.51.100.1"),
        ("", "no_header"),
        (" ", "no_header"),
        (",", "no_header"),
        (" , ,\t", "no_header"),
        (None, "no_header"),
    ],
)
def test_an_empty_element_is_none(value: str | None, outcome: str) -> None:
    assert sender("10.0.0.1", {"x-forwarded-for": value}, PROXIES) == expected_of(outcome)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("198.51.100.1, unknown, 10.0.0.2", "hidden"),
        ("198.51.100.1, nonsense", "unreadable"),
        ("nonsense, 10.0.0.2", "unreadable"),
        ('"198.51.100.1, 10.0.0.2"', "unreadable"),
        ('"6.6.6.6, 198.51.100.1', "198.51.100.1"),  # a visitor opens a quote
        ("6.6.6.6," + ",".join(["10.0.0.2"] * MAX_HOPS), "unreadable"),
        ("6.6.6.6, 198.51.100.1," + ",".join(["10.0.0.2"] * (MAX_HOPS - 2)), "198.51.100.1"),
    ],
)
def test_an_element_that_cannot_be_read_ends_the_search(value: str, outcome: str) -> None:
    assert sender("10.0.0.1", {"x-forwarded-for": value}, PROXIES) == expected_of(outcome)


@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        ("10.2.2.2", "10.2.2.2"),  # someone in our own network
        ("10.2.2.2, 10.0.0.2", "10.2.2.2"),
        ("192.0.2.7, 10.0.0.2", "proxy"),  # the CDN, which the next proxy took for the client
        ("10.2.2.2, 192.0.2.7", "10.2.2.2"),
    ],
)
def test_where_all_are_trusted_the_leftmost_counts_if_it_is_private(
    value: str, outcome: str
) -> None:
    assert sender("10.0.0.1", {"x-forwarded-for": value}, PROXIES) == expected_of(outcome)


@pytest.mark.parametrize("everybody", [["0.0.0.0/0"], ["0.0.0.0/0", "::/0", "192.0.2.0/24"]])
def test_where_everybody_is_trusted_the_leftmost_counts(everybody: list[str]) -> None:
    headers = {"x-forwarded-for": "192.0.2.1, 203.0.113.9"}
    assert sender("8.8.8.8", headers, everybody) == ClientAddress("192.0.2.1", True)


FORWARDED = [
    ("for=198.51.100.1", "198.51.100.1"),
    ("For=198.51.100.1", "198.51.100.1"),
    ("FOR=198.51.100.1;Proto=https;BY=203.0.113.43", "198.51.100.1"),
    ("proto=https; for=198.51.100.1 ; by=10.0.0.1", "198.51.100.1"),
    ('for="198.51.100.1:47011"', "198.51.100.1"),
    ("for=198.51.100.1:47011", "198.51.100.1"),
    ('for="[2001:db8:cafe::17]:4711"', "2001:db8:cafe::17"),
    ('for="[2001:db8:cafe::17]"', "2001:db8:cafe::17"),
    ("for=[2001:db8:cafe::17]:4711", "2001:db8:cafe::17"),
    ("for=2001:db8:cafe::17", "2001:db8:cafe::17"),
    ('for="198.51.100.1\\:80"', "198.51.100.1"),
    ("for=198.51.100.1;", "198.51.100.1"),
    (";;for=198.51.100.1", "198.51.100.1"),
    ("for=198.51.100.1, for=10.0.0.2", "198.51.100.1"),
    ('for=6.6.6.6, for="198.51.100.1:80";proto=http, for="[2001:db8:1::2]"', "198.51.100.1"),
    ("for=198.51.100.1,", "198.51.100.1"),
    ('for=198.51.100.1;host="a;b=c"', "198.51.100.1"),
    ("for=unknown", "hidden"),
    ('for="Unknown"', "hidden"),
    ("for=_hidden", "hidden"),
    ('for="_gazonk:_7"', "hidden"),
    ("for=198.51.100.1, for=unknown", "hidden"),
    ("for=198.51.100.1, for=_secret, for=10.0.0.2", "hidden"),
    ("proto=https;by=10.0.0.1", "hidden"),
    ("for=192.0.2.7", "proxy"),
    ("", "no_header"),
    (",", "no_header"),
    ("198.51.100.1", "unreadable"),
    ("for", "unreadable"),
    ("for=", "unreadable"),
    ('for=""', "unreadable"),
    ('for=","', "unreadable"),
    ("for =198.51.100.1", "unreadable"),
    ("for= 198.51.100.1", "unreadable"),
    ("for=198.51.100.1 x", "unreadable"),
    ('for="198.51.100.1', "unreadable"),
    ('for=198.51.100.1"', "unreadable"),
    ("for=198.51.100.1;for=6.6.6.6", "unreadable"),
    ("for=198.51.100.1;For=198.51.100.1", "unreadable"),
    ("for:198.51.100.1", "unreadable"),
    ("for=198.51.100.1;" + "a=b;" * 1000, "unreadable"),
    # a visitor's text that a proxy quotes, such as the Host header
    ('for=198.51.100.1;host="x, for=6.6.6.6"', "unreadable"),
    ('for=198.51.100.1;host="x, for=6.6.6.6;a="', "unreadable"),
    ('for=198.51.100.1;host="x, for=6.6.6.6, "', "unreadable"),
    ('for=198.51.100.1;host="x, for=6.6.6.6;a=\\""', "unreadable"),
    ('for="6.6.6.6, for=198.51.100.1', "198.51.100.1"),  # a visitor opens a quote
]


@pytest.mark.parametrize(("value", "outcome"), FORWARDED)
def test_forwarded_is_read_without_x_forwarded_for(value: str, outcome: str) -> None:
    assert sender("10.0.0.1", {"forwarded": value}, PROXIES) == expected_of(outcome)


@pytest.mark.parametrize(
    ("chain", "outcome"),
    [("198.51.100.1", "198.51.100.1"), ("nonsense", "unreadable"), ("", "no_header")],
)
def test_forwarded_is_not_read_beside_x_forwarded_for(chain: str, outcome: str) -> None:
    headers = {"x-forwarded-for": chain, "forwarded": "for=6.6.6.6"}
    assert sender("10.0.0.1", headers, PROXIES) == expected_of(outcome)


@pytest.mark.parametrize("header", ["CF-Connecting-IP", "X-Real-IP", "true-client-ip"])
@pytest.mark.parametrize(
    ("value", "outcome"),
    [
        *FORMS,
        ("198.51.100.1,", "198.51.100.1"),
        ("6.6.6.6, 198.51.100.1", "unreadable"),  # such a header has one address
        ("10.2.2.2", "10.2.2.2"),
        ("", "no_header"),
        (None, "no_header"),
    ],
)
def test_a_configured_header_is_read_alone(header: str, value: str | None, outcome: str) -> None:
    others = {"x-forwarded-for": "6.6.6.6", "forwarded": "for=6.6.6.6"}
    headers = {**others, header.lower(): value}
    assert sender("10.0.0.1", headers, PROXIES, header) == expected_of(outcome)


def test_x_forwarded_for_and_forwarded_can_be_the_configured_header() -> None:
    headers = {"x-forwarded-for": "6.6.6.6, 198.51.100.1, 10.0.0.2", "forwarded": "for=8.8.8.8"}
    assert sender("10.0.0.1", headers, PROXIES, "X-Forwarded-For").address == "198.51.100.1"
    assert sender("10.0.0.1", headers, PROXIES, "Forwarded").address == "8.8.8.8"
    only = {"forwarded": "for=8.8.8.8"}
    assert sender("10.0.0.1", only, PROXIES, "X-Forwarded-For").problem == "no_header"


@pytest.mark.parametrize(
    ("peer", "is_private"),
    [
        *[(each, True) for each in ("10.9.9.9", "172.16.0.1", "172.31.255.255", "192.168.1.1")],
        *[(each, True) for each in ("127.0.0.1", "::1", "169.254.1.1", "fd00::1", "fe80::1%eth0")],
        *[(each, True) for each in ("::ffff:10.0.0.1", "::ffff:127.0.0.1")],
        *[(each, False) for each in ("8.8.8.8", "172.32.0.1", "203.0.113.9", "2a01:4f8::1")],
        *[(each, False) for each in ("", "testclient")],
    ],
)
@pytest.mark.parametrize("name", ["x-forwarded-for", "forwarded", "x-real-ip"])
def test_a_private_peer_that_forwards_and_is_not_trusted_is_noticed(
    peer: str, is_private: bool, name: str
) -> None:
    trusted = ["192.0.2.7/32"]
    problem = "untrusted_proxy" if is_private else ""
    came = sender(peer, {name: "198.51.100.1"}, trusted, "X-Real-IP")
    assert (came.proxied, came.problem) == (False, problem)
    assert came.address == sender(peer, {}, trusted).address
    assert sender(peer, {"accept": "*/*"}, trusted, "X-Real-IP").problem == ""
    if name == "x-real-ip":
        assert sender(peer, {name: "198.51.100.1"}, trusted).problem == ""


HOPS = st.lists(
    st.ip_addresses().map(str)
    | st.sampled_from([text for text, _ in FORMS])
    | st.sampled_from(["10.0.0.1", "10.0.0.2:80", "[2001:db8:1::1]", "", "unknown", " 8.8.8.8"]),
    max_size=5,
)


@given(hops=HOPS, left=st.text(max_size=20))
def test_what_stands_left_of_a_foreign_address_changes_nothing(hops: list[str], left: str) -> None:
    function = compile_client_ip([ip_network(each) for each in PROXIES])
    honest = ",".join(["8.8.4.4", *hops])
    client = function("10.0.0.1", {"x-forwarded-for": honest})
    assert function("10.0.0.1", {"x-forwarded-for": f"{left},{honest}"}) == client
    pairs = ", ".join(f'for="{hop}"' for hop in ["8.8.4.4", *hops])
    client = function("10.0.0.1", {"forwarded": pairs})
    assert function("10.0.0.1", {"forwarded": f"{left},{pairs}"}) == client


PIECES = st.text(max_size=30) | st.text('0123456789abcdef.:[]%",;=\\ _for', max_size=40)
VALUES = PIECES | HOPS.map(", ".join) | st.sampled_from([value for value, _ in FORWARDED])


@given(value=VALUES, name=st.sampled_from(["x-forwarded-for", "forwarded", "x-real-ip"]))
def test_any_header_gives_an_address_or_none_and_never_that_of_a_named_proxy(
    value: str, name: str
) -> None:
    trusted = [ip_network(each) for each in ("192.0.2.7/32", "2001:db8:1::/48")]
    header = name if name == "x-real-ip" else None
    came = compile_client_ip(trusted, header)("192.0.2.7", {name: value})
    assert came.proxied
    assert came.problem in {"", *PROBLEMS}
    assert bool(came.address) is not bool(came.problem)
    if came.address:
        address = ip_address(came.address)
        assert str(address) == came.address
        assert not any(address in network for network in trusted)


@given(value=VALUES, name=st.sampled_from(["x-forwarded-for", "forwarded", "x-real-ip"]))
def test_no_header_of_a_stranger_changes_the_address(value: str, name: str) -> None:
    function = compile_client_ip([ip_network(each) for each in PROXIES], "X-Real-IP")
    assert function("8.8.8.8", {name: value}) == ClientAddress("8.8.8.8", False)
