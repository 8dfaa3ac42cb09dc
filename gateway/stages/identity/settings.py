"""The key `identity:` of the configuration."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from gateway.stages.consent import ConsentType
from gateway.stages.identity.vendor_cookies import GA_SESSION, VENDOR_COOKIES
from gateway.urls.domains import host_name, is_address, is_public_suffix


def _cookie_name(name: str) -> str:
    if name in VENDOR_COOKIES or name.startswith(GA_SESSION):
        raise ValueError(f"{name} is the cookie of another tool; choose a different name")
    return name


def _owned(text: str) -> str:
    name = host_name(text)
    if not name or name != text.lower():
        raise ValueError(
            "not a domain; write it without scheme, port or path, such as shop.example"
        )
    if is_public_suffix(name):
        raise ValueError("a public suffix cannot be used; write a domain under it")
    return name


def _cookie_domain(text: str) -> str:
    name = _owned(text)
    if "." not in name or is_address(name):
        raise ValueError(
            "cookies cannot have an IP address or a single label as their domain; remove this "
            "setting"
        )
    return name


CookieName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$"), AfterValidator(_cookie_name)
]


class IdentitySettings(BaseModel):
    """How visitors are recognised. Trusted backends have no cookies: for them only
    `hash_user_id` counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    visitor_cookie: CookieName | None = Field(
        default="visitor_id",
        description="Name of the first-party cookie that carries the visitor id: set by the "
        "server, for 400 days from the last hit, out of reach of scripts. With the prefix "
        "`__Host-` it is for one host instead of the whole domain; null sets none.",
    )
    consent: list[ConsentType] = Field(
        default=["analytics_storage"],
        description="Consent Mode types that must be granted before the visitor cookie is read "
        "or set; an empty list asks for none. When a visitor states that one of them is denied, "
        "the cookie is deleted.",
    )
    seed: bool = Field(
        default=True,
        description="Whether a visitor without that cookie keeps the id of `FPID`, of the "
        "snippet's cookie, of `_ga` or of the event, instead of getting a new one. That of the "
        "event must have the form of `_ga`'s, such as `1525593269.1795289657`.",
    )
    replace_client_id: bool = Field(
        default=False,
        description="Whether the visitor id takes the place of a `client_id` that the page sent, "
        "which is kept as `x-ga-js_client_id`. Otherwise it only fills a missing one.",
    )
    meta_cookies: bool = Field(
        default=False,
        description="Set Meta's cookies `_fbp` and `_fbc` when `ad_storage` is granted, for 90 "
        "days; those that are there are read in any case.",
    )
    hash_user_id: bool = Field(
        default=False,
        description="Replace `user_id` by its HMAC-SHA256 under `server.hash_salt`, which must "
        "be set, in events of every source.",
    )
    domain: Annotated[str, AfterValidator(_cookie_domain)] | None = Field(
        default=None,
        description="Domain of the cookies. By default the registrable domain of the host that "
        "was asked for; set it where a proxy changes the Host header.",
    )
    link_domains: list[Annotated[str, AfterValidator(_owned)]] = Field(
        default=[],
        description="Your other domains, to which links may carry the visitor id, and this one; "
        "names under them are included. List the same on the gateways of all of them.",
    )
    link_seconds: Annotated[int, Field(ge=10, le=600)] = Field(
        default=120,
        description="Seconds for which such a link identifies the visitor. It does so once, in the "
        "same browser and the same network.",
    )
    link_secret: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        default=None,
        description="Signs those links, the same on the gateways of all domains. By default a "
        "key made from `server.hash_salt`.",
    )
