"""`pii_guard:` in the configuration."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

PatternName = Literal["email", "phone", "card", "token"]
FieldName = Annotated[str, StringConstraints(pattern=r"^[^.*]+$")]


class PiiGuardSettings(BaseModel):
    """Removes personal data from URLs, titles and other free text before anything is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=True,
        description="Whether e-mail addresses, phone numbers, card numbers and tokens are "
        "removed from the free text of every event. `user_data` and ids are not changed.",
    )
    patterns: tuple[PatternName, ...] = Field(
        default=get_args(PatternName), description="Kinds of personal data and secrets to remove."
    )
    leave_alone: tuple[FieldName, ...] = Field(
        default=(),
        description="Additional fields to skip, with everything in them: names of fields without "
        "a path, anywhere in the event.",
    )
