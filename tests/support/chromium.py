"""Finds the Chromium of this machine. With `FLAGS`, it resolves no host names but ours."""

import shutil

import pytest

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules="
    "MAP *.shop.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


SHELL = "chromium-headless-shell"
"""Chromium without windows, which takes a fifth of the CPU time for the same pages."""
WHOLE = ("chromium", "chromium-browser")


def find_chromium(whole: bool = False) -> str:
    """The path of Chromium. whole: the full browser, which has what the shell lacks, such as the
    back-forward cache."""
    for program in WHOLE if whole else (SHELL, *WHOLE):
        if path := shutil.which(program):
            return path
    pytest.fail(
        "the browser tests need Chromium: apt-get update && apt-get install -y "
        f"--no-install-recommends {WHOLE[0] if whole else SHELL}",
        pytrace=False,
    )
