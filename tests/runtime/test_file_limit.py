"""A web process may open more connections than a shell's limit of open files allows."""

import subprocess
import sys

CODE = """
import resource
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
from gateway.system.processes import (MAX_FILES, allow_many_files)
allow_many_files()
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
assert soft == (MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)), soft
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
allow_many_files()
assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
"""


def test_it_is_raised_as_far_as_it_can_be_and_never_lowered() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)
