"""The key `identity:` of the configuration."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from gateway.stages.consent import ConsentType
from gateway.stages.vendor_cookies import GA_SESSION, VENDOR_COOKIES
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
        description="Name of the first-party cookie that carries the visitor id. The server sets "
        "it for 400 days from the last hit, and scripts cannot read it. With the prefix "
        "`__Host-` it is limited to one host instead of the whole domain. With `null`, no cookie "
        "is set.",
    )
    consent: list[ConsentType] = Field(
        default=["analytics_storage"],
        description="Consent types that must be granted before the visitor cookie is read or "
        "set. An empty list requires none. When a visitor denies one of them, the cookie is "
        "deleted.",
    )
    seed: bool = Field(
        default=True,
        description="Whether a visitor without the visitor cookie keeps the id from `FPID`, the "
        "snippet's cookie, `_ga` or the event instead of getting a new one. An id in the event "
        "must have the format of `_ga`, such as `1525593269.1795289657`.",
    )
    replace_client_id: bool = Field(
        default=False,
        description="Whether the visitor id replaces a `client_id` from the page, which is kept "
        "as `x-ga-js_client_id`. Otherwise the visitor id only fills in a missing `client_id`.",
    )
    meta_cookies: bool = Field(
        default=False,
        description="Set Meta's cookies `_fbp` and `_fbc` for 90 days when `ad_storage` is "
        "granted. Existing cookies are always read.",
    )
    hash_user_id: bool = Field(
        default=False,
        description="Replace `user_id` with its HMAC-SHA256 in events of every source. Requires "
        "`server.hash_salt`, the key of the HMAC.",
    )
    domain: Annotated[str, AfterValidator(_cookie_domain)] | None = Field(
        default=None,
        description="Domain of the cookies. Default: the registrable domain of the requested "
        "host. Set it if a proxy changes the Host header.",
    )
    link_domains: list[Annotated[str, AfterValidator(_owned)]] = Field(
        default=[],
        description="Your domains between which links may carry the visitor id, including this "
        "one. Subdomains are included. Use the same list on the gateways of all these domains.",
    )
    link_seconds: Annotated[int, Field(ge=10, le=600)] = Field(
        default=120,
        description="Seconds for which a link with the visitor id is valid. It works once, in "
        "the same browser and the same network.",
    )
    link_secret: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        default=None,
        description="Secret that signs links with the visitor id. Use the same secret on the "
        "gateways of all linked domains. Default: a key derived from `server.hash_salt`.",
    )
