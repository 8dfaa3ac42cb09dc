"""Values for ``${NAME}``: the variables of the process, and the file `.env` next to the
configuration."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from hashlib import sha256
from io import StringIO
from pathlib import Path

from dotenv import dotenv_values

from gateway.configuration.secret_files import read_regular_file

log = logging.getLogger(__name__)


class Environment:
    """Reads `.env` in `folder`, if there is such a file: ``NAME=value`` on each line, with optional
    quotes, ``export`` and comments. Values are taken as they are: ``$`` means nothing in them.

    variables: those of the process win over those of the file. path: of the file. digest: its
    SHA-256, empty without a file. A file that cannot be read is logged and counts as empty.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / ".env"
        self.digest = b""
        self.variables: Mapping[str, str] = {**self._in_file(), **os.environ}

    def _in_file(self) -> dict[str, str]:
        try:
            content = read_regular_file(self.path)
            text = content.decode("utf-8-sig")
        except FileNotFoundError:
            return {}
        except UnicodeDecodeError:
            return self._unreadable("it is not UTF-8")
        except (OSError, ValueError) as error:
            return self._unreadable(getattr(error, "strerror", None) or str(error))
        self.digest = sha256(content).digest()
        values = dotenv_values(stream=StringIO(text), interpolate=False)
        return {name: value for name, value in values.items() if value is not None}

    def _unreadable(self, reason: str) -> dict[str, str]:
        log.warning("cannot read %s, so its variables are not used: %s", self.path, reason)
        return {}
