"""The server-side scripts of the queue."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable


@cache
def script(name: str, *libraries: str) -> str:
    """The text of a server-side script, a ``.lua`` file of this package.

    libraries: files with the functions that it calls. They follow its first line, where Redis looks
    for its flags.
    """
    first, _, rest = _lua(name).partition("\n")
    return "\n".join([first, *map(_lua, libraries), rest])


def read_scripts() -> None:
    """Reads all files, so that forks of this process need not."""
    for file in _folder().iterdir():
        name, _, suffix = file.name.partition(".")
        if suffix == "lua":
            _lua(name)


@cache
def _lua(name: str) -> str:
    return _folder().joinpath(f"{name}.lua").read_text(encoding="utf-8")


def _folder() -> Traversable:
    return files("gateway.queue")
