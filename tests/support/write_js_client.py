"""Writes the modules of clients/js from the scripts that the gateway serves, for `make reference`.
So a page gets the same code from npm as from the gateway."""

import json
import tomllib
from pathlib import Path

from gateway.web.scripts import read_script

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "clients" / "js"

MODULES = {
    "core.js": ("gateway.js", "runGateway"),
    "measurement-core.js": ("gateway-measurement.js", "runMeasurement"),
}
"""By the module: the script, and the function that the module exports instead."""

_HEAD = "(() => {\n  const script = document.currentScript;\n  if (!script) return;\n"
_TAIL = "})();\n"


def module(name: str) -> str:
    """The text of a module of `MODULES`. Its function takes what the script reads of its element:
    an object with `src`, `dataset` and `transport`."""
    script, function = MODULES[name]
    code = read_script(script)
    if not (code.startswith(_HEAD) and code.endswith(_TAIL)):
        raise ValueError(f"{script} does not begin and end as a script that reads its element")
    body = code.removeprefix(_HEAD).removesuffix(_TAIL)
    note = f"// Made from {script} of the gateway by `make reference`. Change that file instead.\n"
    return f"{note}export function {function}(script) {{\n{body.lstrip(chr(10))}}}\n"


def stated_version() -> str:
    """The version of the gateway, as npm writes it."""
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return version


if __name__ == "__main__":
    for name in MODULES:
        (PACKAGE / name).write_text(module(name))
    manifest = json.loads((PACKAGE / "package.json").read_text())
    text = json.dumps({**manifest, "version": stated_version()}, indent=2, ensure_ascii=False)
    (PACKAGE / "package.json").write_text(f"{text}\n")
