"""Known vulnerabilities in a lock file: python -m tests.support.audit requirements.lock

Exits with status 1 if there are any, and with status 2 if nothing could be audited.
"""

import json
import subprocess
import sys
from typing import Any, NamedTuple

UNREACHABLE = (
    "pip-audit could not reach its vulnerability data, so nothing was audited. Run it where "
    "https://pypi.org can be reached."
)


class Verdict(NamedTuple):
    status: int
    text: str


def judge(report: str) -> Verdict:
    """What pip-audit found. report: its JSON; anything else if it failed."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return Verdict(2, UNREACHABLE)
    audited = [each for each in dependencies if "skip_reason" not in each]
    if not audited:
        return Verdict(2, UNREACHABLE)
    found = [
        f"{each['name']} {each['version']}: {vulnerability['id']}, "
        f"fixed in {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for each in audited
        for vulnerability in each["vulns"]
    ]
    skipped = [f"{each['name']}: not audited" for each in dependencies if "skip_reason" in each]
    summary = f"{len(audited)} packages audited, {len(found)} known vulnerabilities"
    return Verdict(1 if found else 0, "\n".join([*found, *skipped, summary]))


def main(lock: str) -> int:
    command = (sys.executable, "-m", "pip_audit", "--requirement", lock, "--require-hashes")
    options = ("--disable-pip", "--format", "json", "--progress-spinner", "off")
    result = subprocess.run([*command, *options], capture_output=True, text=True, check=False)
    if not result.stdout:  # with a report, stderr also says that all is well
        print(result.stderr, file=sys.stderr)
    verdict = judge(result.stdout)
    print(verdict.text)
    return verdict.status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
