"""Firefox, driven with WebDriver BiDi (https://www.w3.org/TR/webdriver-bidi/).

Playwright drives only a Firefox that it has built itself. `Context` and `Page` have its methods'
names, so that the same test can run in Chromium and in Firefox.
"""

import contextlib
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websocket import WebSocket, create_connection

PREFERENCES = {
    "network.dns.forceResolve": "127.0.0.1",
    "datareporting.policy.dataSubmissionEnabled": False,
}

EVALUATE = """async (source, given) => {
    const value = (0, eval)(source);
    const result = await (typeof value == 'function' ? value(...JSON.parse(given)) : value);
    return JSON.stringify(result ?? null);
}"""


class BidiError(Exception):
    """Firefox refuses a command, or the page in which it ran is gone."""


class ScriptError(Exception):
    """A script of a test threw an exception in the page."""


class Firefox:
    """A headless Firefox with a new profile in `folder`."""

    def __init__(self, program: str, folder: Path) -> None:
        lines = [f"user_pref({json.dumps(k)}, {json.dumps(v)});" for k, v in PREFERENCES.items()]
        (folder / "user.js").write_text("\n".join(lines))
        command = [program, "--headless", "--remote-debugging-port=0", "--profile", str(folder)]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._commands = 0
        self.errors: list[str] = []
        """Exceptions that reached a page."""
        self._socket = self._connect(folder / "WebDriverBiDiServer.json")
        self.send("session.new", capabilities={})
        self.send("session.subscribe", events=["log.entryAdded"])

    def _connect(self, address: Path) -> WebSocket:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, json.JSONDecodeError):
                server = json.loads(address.read_text())
                url = f"ws://{server['ws_host']}:{server['ws_port']}/session"
                return create_connection(url, timeout=60, suppress_origin=True)
            time.sleep(0.02)
        self._process.kill()
        raise AssertionError("Firefox did not start within 60 s")

    def send(self, method: str, **params: Any) -> Any:
        """The result of a command. Raises BidiError."""
        self._commands += 1
        command = {"id": self._commands, "method": method, "params": params}
        self._socket.send(json.dumps(command))
        while (message := json.loads(self._socket.recv())).get("id") != self._commands:
            self._note(message["params"])
        if message["type"] == "error":
            raise BidiError(f"{method}: {message['error']}: {message['message']}")
        return message["result"]

    def _note(self, entry: dict[str, Any]) -> None:
        rejects_cookie = entry["text"].startswith("Cookie ")  # in the console like an exception
        if entry["type"] == "javascript" and entry["level"] == "error" and not rejects_cookie:
            self.errors.append(entry["text"])

    def new_context(self) -> "Context":
        return Context(self, self.send("browser.createUserContext")["userContext"])

    def close(self) -> None:
        self._socket.close()
        self._process.kill()  # an orderly end may take a minute
        self._process.wait(60)


@dataclass
class Context:
    """A user context, with its own cookies and storage."""

    firefox: Firefox
    id: str

    def add_init_script(self, script: str) -> None:
        function = f"() => {{ {script} }}"
        self.firefox.send(
            "script.addPreloadScript", functionDeclaration=function, userContexts=[self.id]
        )

    def new_page(self) -> "Page":
        created = self.firefox.send("browsingContext.create", type="tab", userContext=self.id)
        return Page(self.firefox, created["context"])

    def cookies(self) -> list[dict[str, Any]]:
        partition = {"type": "storageKey", "userContext": self.id}
        found = self.firefox.send("storage.getCookies", partition=partition)["cookies"]
        return [cookie | {"value": cookie["value"]["value"]} for cookie in found]

    def close(self) -> None:
        self.firefox.send("browser.removeUserContext", userContext=self.id)


@dataclass
class Page:
    """A tab."""

    firefox: Firefox
    id: str

    def _send(self, method: str, **params: Any) -> Any:
        return self.firefox.send(method, context=self.id, **params)

    def goto(self, url: str) -> None:
        self._send("browsingContext.navigate", url=url, wait="complete")

    def reload(self) -> None:
        self._send("browsingContext.reload", wait="complete")

    def go_back(self) -> None:
        self._send("browsingContext.traverseHistory", delta=-1)

    def close(self) -> None:
        self._send("browsingContext.close")

    def evaluate(self, source: str, *given: Any) -> Any:
        """The value of an expression or function, passed as JSON. Raises BidiError, ScriptError."""
        result = self.firefox.send(
            "script.callFunction",
            functionDeclaration=EVALUATE,
            arguments=[{"type": "string", "value": text} for text in (source, json.dumps(given))],
            awaitPromise=True,
            target={"context": self.id},
        )
        if result["type"] == "exception":
            raise ScriptError(result["exceptionDetails"]["text"])
        return json.loads(result["result"]["value"])

    def wait_for_function(self, source: str, timeout: float = 60_000) -> None:
        """timeout: milliseconds."""
        deadline = time.monotonic() + timeout / 1000
        while time.monotonic() < deadline:
            with contextlib.suppress(BidiError):  # between two pages
                if self.evaluate(source):
                    return
            time.sleep(0.02)
        raise AssertionError(f"{source}: not within {timeout / 1000} s")

    def wait_for_url(self, ending: str) -> None:
        """ending: the end of the URL, after `**`."""
        self.wait_for_function(f"location.href.endsWith({json.dumps(ending.lstrip('*'))})")

    def wait_for_timeout(self, milliseconds: float) -> None:
        time.sleep(milliseconds / 1000)

    def click(self, selector: str) -> None:
        """Clicks on a link with the mouse. Returns once the page has been left."""
        self.evaluate("window.isLeft = false")
        locator = {"type": "css", "value": selector}
        [node] = self._send("browsingContext.locateNodes", locator=locator)["nodes"]
        element = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": element},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": steps}
        self._send("input.performActions", actions=[mouse])
        self.wait_for_function("window.isLeft !== false")
