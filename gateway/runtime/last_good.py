"""The last good configuration, for processes and commands that start while the configuration file
has mistakes or is being written.

`gateway run` and `gateway work` write it to a file under `redis.data_dir`, which lasts as long as
the data does. The file is found in two ways:

- the environment variable `LAST_GOOD` names the file to the processes that they start
  (`load_running`);
- commands of the same user follow a link in a private temporary folder, which they find by the
  path of the configuration file alone (`find_last_good`). They cannot know `redis.data_dir` before
  they have read a configuration.

A gateway removes the link when it ends. After SIGKILL the link stays, and the next start replaces
it and the file. `gateway serve` writes nothing: it keeps its configuration in memory, and without a
supervisor nothing starts it again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gateway.configuration.exposure import permitted
from gateway.configuration.load import load_settings, parse_settings
from gateway.configuration.mistakes import ConfigurationError
from gateway.configuration.server import RedisSettings
from gateway.configuration.settings import Settings
from gateway.system.private_files import make_private_folder
from gateway.system.private_folder import find_private_folder, private_folder

log = logging.getLogger(__name__)

LAST_GOOD = "GATEWAY_LAST_GOOD"
"""Environment variable that names a file with the configuration in force."""
INHERITED_REDIS = "GATEWAY_INHERITED_REDIS"
"""Environment variable with the supervisor's own `redis` settings, in JSON, for the processes that
it starts."""
COMMANDS = ("run", "work")
"""The commands that write their configuration to a file."""


class LastGood:
    """A file in the data folder with the configuration in force, readable by its owner only.

    Its name has the command and a hash of the configuration file's path, so that several gateways
    may share a data folder. Where the data folder cannot be written, the file is in the private
    temporary folder, in the place of the link.

    command: one of `COMMANDS`. config: the path of the configuration file.
    """

    def __init__(self, data_dir: Path, command: str, config: Path) -> None:
        self._config = config.resolve()
        self._command = command
        digest = hashlib.sha256(bytes(self._config)).hexdigest()[:12]
        self._path = data_dir.resolve() / f"last-good-{command}-{digest}.yaml"

    def keep(self, text: str) -> None:
        """Writes `text`, and makes the file known to all processes and commands that start later.

        Logs an error if it cannot be written. Processes that start again then read only the
        configuration file.
        """
        os.environ.pop(LAST_GOOD, None)
        try:
            os.environ[LAST_GOOD] = self._write(text)
        except OSError as error:
            log.error(
                "cannot save the last good configuration: %s. If a process restarts while the "
                "configuration file has mistakes, it will not start.",
                error.strerror,
            )

    def close(self) -> None:
        """Takes the link away when the gateway ends. The file in the data folder stays."""
        folder = find_private_folder(self._config)
        if folder is not None:
            with suppress(OSError):  # a folder that another command uses stays
                (folder / _name(self._command)).unlink(missing_ok=True)
                folder.rmdir()

    def _write(self, text: str) -> str:
        """Writes `text` and returns the path of the file."""
        try:
            make_private_folder(self._path.parent)
            _replace(self._path, text)
        except OSError as error:
            instead = private_folder(self._config) / _name(self._command)
            _replace(instead, text)
            log.info(
                "saved the last good configuration in %s, because %s cannot be written: %s",
                instead,
                self._path.parent,
                error.strerror,
            )
            return str(instead)
        self._link()
        return str(self._path)

    def _link(self) -> None:
        """Makes the link by which commands find the file."""
        try:
            link = private_folder(self._config) / _name(self._command)
            new = link.with_suffix(".new")
            new.unlink(missing_ok=True)
            new.symlink_to(self._path)
            os.replace(new, link)
        except OSError as error:
            log.warning(
                "cannot link to the last good configuration in the temporary folder: %s. Commands "
                "such as `gateway status` will fail while the configuration file has mistakes.",
                error.strerror,
            )


@dataclass(frozen=True, slots=True)
class Kept:
    """A configuration that a gateway has put in force. since: when, in Unix seconds."""

    text: str
    since: float


def find_last_good(config: Path) -> Kept | None:
    """The last configuration that a gateway of this user on this machine put in force from the
    configuration file `config`; None if there is none, or if the gateway has ended."""
    path = config.resolve()
    folder = find_private_folder(path)
    if folder is None:
        return None
    found = [_read(folder / _name(command)) for command in COMMANDS]
    return max(filter(None, found), key=lambda kept: kept.since, default=None)


def is_supervised() -> bool:
    """Whether this process was started by `gateway run` or `gateway work`."""
    return INHERITED_REDIS in os.environ


def load_running(path: Path, allow_demo: bool) -> Settings:
    """The settings of a process that may be started again at any time.

    A process of a supervisor reads the file that `LAST_GOOD` names: the file at `path` may have
    contents that the supervisor never puts in force, such as the first half of a new configuration.
    Any other process reads the file at `path` or, if that has mistakes or is not `permitted`, the
    one that `LAST_GOOD` names. `redis` is that of the supervisor, if there is one. Raises
    `ConfigurationError`.
    """
    settings = _load_good(path, allow_demo)
    if not is_supervised():
        return settings
    return settings.with_redis(RedisSettings.model_validate_json(os.environ[INHERITED_REDIS]))


def _load_good(path: Path, allow_demo: bool) -> Settings:
    named = os.environ.get(LAST_GOOD)
    kept = _read(Path(named)) if named else None
    if kept and is_supervised():
        with suppress(Exception):  # such as a missing secret, which the file may not need any more
            return permitted(parse_settings(kept.text, str(path)), path, allow_demo)
    try:
        return permitted(load_settings(path), path, allow_demo)
    except Exception as error:  # a fault in a plug-in must not prevent the start either
        if kept is None:
            raise
        settings = permitted(parse_settings(kept.text, str(path)), path, allow_demo)
        log.error(
            "configuration rejected, starting with the last good one (%s): %s",
            settings.version,
            reason_of(error),
        )
        return settings


def reason_of(error: Exception) -> str:
    """Why a configuration cannot be used. For an unexpected error, only its type is named, since
    its text may repeat a secret."""
    if isinstance(error, ConfigurationError):
        return str(error)
    return f"a check failed with {type(error).__name__}; `gateway check` shows where"


@dataclass(frozen=True, slots=True)
class InForce:
    """What a command knows about a gateway's configuration.

    settings: those in force. since: when a gateway put them in force, in Unix seconds; None if no
    gateway of this user on this machine has done so. rejected: whether the file has mistakes, so
    that `settings` are the last good ones.
    """

    settings: Settings
    since: float | None
    rejected: bool = False


def load_in_force(path: Path) -> InForce:
    """The configuration in force of the gateway that runs with the file at `path`.

    Raises `ConfigurationError` if the file has mistakes and no usable last good one was kept.
    """
    kept = find_last_good(path)
    try:
        settings = load_settings(path)
    except ConfigurationError as error:
        if kept is None:
            raise
        try:
            return InForce(parse_settings(kept.text, str(path)), kept.since, rejected=True)
        except ConfigurationError:  # for instance without a secret that the gateway has
            raise error from None
    return InForce(settings, kept.since if kept and kept.text == settings.text else None)


def _name(command: str) -> str:
    return f"last-good-{command}.yaml"


def _read(path: Path) -> Kept | None:
    try:
        with path.open(encoding="utf-8") as file:
            return Kept(file.read(), os.fstat(file.fileno()).st_mtime)
    except (OSError, UnicodeDecodeError):
        return None


def _replace(path: Path, text: str) -> None:
    """Replaces the file at `path` by one with `text`, in one step."""
    handle, new = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(new, path)
    except OSError:
        os.unlink(new)
        raise
