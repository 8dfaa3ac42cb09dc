"""What Snapchat says is wrong with an event: an object with codes and messages.

Source: the OpenAPI file of github.com/Snapchat/business-sdk-v3-java (ErrorDetails).
"""

from typing import Any


def error_words(errors: Any) -> list[str]:
    """The messages, then the codes; of anything else than such an object its texts."""
    if isinstance(errors, dict):
        return [*texts(errors.get("error_msgs")), *texts(errors.get("codes"))]
    return texts(errors)


def texts(said: Any) -> list[str]:
    """The texts in a list, or the one that is none; empty ones left out."""
    listed = said if isinstance(said, list) else [said]
    return [each for each in listed if isinstance(each, str) and each]
