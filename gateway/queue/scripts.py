"""The server-side scripts of the queue."""

from functools import cache
from importlib.resources import files


@cache
def script(name: str, *libraries: str) -> str:
    """The text of a server-side script, a ``.lua`` file of this package.

    libraries: files with the functions that it calls. They follow its first line, where Redis looks
    for its flags.
    """
    first, _, rest = _lua(name).partition("\n")
    return "\n".join([first, *map(_lua, libraries), rest])


def _lua(name: str) -> str:
    return files("gateway.queue").joinpath(f"{name}.lua").read_text(encoding="utf-8")
