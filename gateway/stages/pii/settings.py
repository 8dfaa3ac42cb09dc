"""`pii_guard:` in the configuration."""

from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

PatternName = Literal["email", "phone", "card", "token"]
FieldName = Annotated[str, StringConstraints(pattern=r"^[^.*]+$")]


class PiiGuardSettings(BaseModel):
    """Takes personal data out of URLs, titles and other free text before anything is stored."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(
        default=True,
        description="Whether e-mail addresses, phone numbers, card numbers and tokens are removed "
        "from the free text of every event. `user_data` and ids are left alone.",
    )
    patterns: tuple[PatternName, ...] = Field(
        default=get_args(PatternName), description="What is looked for, and removed."
    )
    leave_alone: tuple[FieldName, ...] = Field(
        default=(),
        description="More fields that are not looked at, nor what is in them: their own names, "
        "without the path, wherever in the event they are.",
    )
