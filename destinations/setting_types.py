"""Types of settings that several destinations have."""

from typing import Annotated

from pydantic import AfterValidator, Field, HttpUrl, SecretStr, StringConstraints

from destinations.phones import is_region


def _without_credentials(url: HttpUrl) -> HttpUrl:
    if url.username or url.password:
        raise ValueError("must not contain a user name or password, because URLs are shown in logs")
    return url


def _without_query(url: HttpUrl) -> HttpUrl:
    if url.query or url.fragment:
        raise ValueError("must end before `?` and `#`")
    return url


def _printable(secret: SecretStr) -> SecretStr:
    text = secret.get_secret_value()
    if not text:
        raise ValueError("is empty")
    if not (text.isascii() and text.isprintable()) or any(mark in text for mark in " \"'\\"):
        raise ValueError(
            "contains a space, quote or other character that is not valid in this credential"
        )
    return secret


def _known_region(region: str) -> str:
    if not is_region(region):
        raise ValueError("is not a country code such as DE or US")
    return region


Url = Annotated[HttpUrl, AfterValidator(_without_credentials)]
BaseUrl = Annotated[Url, AfterValidator(_without_query)]
Credential = Annotated[SecretStr, AfterValidator(_printable)]
PhoneRegion = Annotated[str, StringConstraints(to_upper=True), AfterValidator(_known_region)]

OptionalPhoneRegion = Annotated[
    PhoneRegion | None,
    Field(
        description="Country (ISO 3166-1 alpha-2) of phone numbers without a country code when "
        "neither the address in `user_data` nor `event_location` names a country."
    ),
]
"""The setting `phone_region`."""

QuotaProject = Annotated[str, StringConstraints(pattern=r"^[a-z0-9:.-]{1,100}$")]
"""ID of a project of Google Cloud."""
