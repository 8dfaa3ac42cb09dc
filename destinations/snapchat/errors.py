"""Snapchat's errors of an event: an object with codes and messages.

Source: the OpenAPI file of github.com/Snapchat/business-sdk-v3-java (ErrorDetails).
"""

from typing import Any


def error_words(errors: Any) -> list[str]:
    """The messages, then the codes; if `errors` is not such an object, its texts."""
    if isinstance(errors, dict):
        return [*texts(errors.get("error_msgs")), *texts(errors.get("codes"))]
    return texts(errors)


def texts(said: Any) -> list[str]:
    """The texts in a list, or a single text, without empty ones."""
    listed = said if isinstance(said, list) else [said]
    return [each for each in listed if isinstance(each, str) and each]
