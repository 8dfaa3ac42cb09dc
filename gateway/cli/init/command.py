"""The command `gateway init`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from gateway.cli.init.answers import (
    CONSENT_COOKIES,
    DESTINATIONS,
    NO_CONSENT_MANAGER,
    Answers,
    read_destinations,
    read_sites,
)
from gateway.cli.options import fail

CONFIGURATION, ENVIRONMENT = "gateway.yaml", ".env"
_MODES = {CONFIGURATION: 0o644, ENVIRONMENT: 0o600}
_DEFAULTS = Answers()


@click.command()
@click.argument("folder", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--site",
    "sites",
    multiple=True,
    help="Address of a site that sends events, such as https://shop.example. May be repeated.",
)
@click.option(
    "--destination",
    "destinations",
    multiple=True,
    type=click.Choice(DESTINATIONS),
    help="Where events go. May be repeated.",
)
@click.option(
    "--consent-manager",
    type=click.Choice((NO_CONSENT_MANAGER, *CONSENT_COOKIES)),
    help="The consent manager of your site, or the standard of the string in its cookie.",
)
@click.option(
    "--yes", is_flag=True, help="Do not ask; use defaults for options that are not given."
)
@click.option("--force", is_flag=True, help="Replace files that exist.")
def init(
    folder: Path,
    sites: tuple[str, ...],
    destinations: tuple[str, ...],
    consent_manager: str | None,
    yes: bool,
    force: bool,
) -> None:
    """Write a first configuration into FOLDER: gateway.yaml, and its secrets in .env."""
    from gateway.cli.init.render import configuration, environment

    existing = [path for name in _MODES if (path := folder / name).exists()]
    if existing and yes and not force:
        names = " and ".join(map(str, existing))
        fail(f"{names}: already there, so nothing was written. Use --force to replace files.")
    try:
        answers = Answers(
            read_sites(" ".join(sites)) if sites else _ask_sites(yes),
            tuple(dict.fromkeys(destinations)) or _ask_destinations(yes),
            consent_manager or _ask_consent_manager(yes),
        )
    except click.Abort:
        words = "No answer, so nothing was written."
        fail(f"\n{words} Use --yes to accept the defaults without questions.", 1)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"cannot make the folder {folder}: {error.strerror}")
    if not _write(folder / CONFIGURATION, configuration(answers), force):
        fail(
            f"{folder / ENVIRONMENT} was not written either: it belongs to a new configuration.", 1
        )
    _write(folder / ENVIRONMENT, environment(answers), force)
    click.echo(_next_steps(folder, answers))


def _ask_sites(yes: bool) -> list[str]:
    if yes:
        return list(_DEFAULTS.sites)
    answer: list[str] = click.prompt(
        "Address of your site (several with commas)",
        default=", ".join(_DEFAULTS.sites),
        value_proc=read_sites,
    )
    return answer


def _ask_destinations(yes: bool) -> list[str]:
    if yes:
        return list(_DEFAULTS.destinations)
    answer: list[str] = click.prompt(
        f"Destinations, of {', '.join(DESTINATIONS)} (several with commas)",
        default=", ".join(_DEFAULTS.destinations),
        value_proc=read_destinations,
    )
    return answer


def _ask_consent_manager(yes: bool) -> str:
    if yes:
        return _DEFAULTS.consent_manager
    answer: str = click.prompt(
        "Consent manager",
        default=_DEFAULTS.consent_manager,
        type=click.Choice((NO_CONSENT_MANAGER, *CONSENT_COOKIES)),
    )
    return answer


def _write(path: Path, text: str, force: bool) -> bool:
    """Writes a file and reports it. Asks before it replaces a file, unless `force` is set. Returns
    whether it was written."""
    exists, mode = path.exists(), _MODES[path.name]
    if exists and not force and not click.confirm(f"{path} exists. Replace it?"):
        click.echo(f"Kept {path} as it is.")
        return False
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with open(handle, "w", encoding="utf-8") as file:
            os.fchmod(handle, mode)
            file.write(text)
    except OSError as error:
        fail(f"cannot write {path}: {error.strerror}")
    click.echo(f"{'Replaced' if exists else 'Wrote'} {path}.")
    return True


def _next_steps(folder: Path, answers: Answers) -> str:
    enter = "" if folder.resolve() == Path.cwd() else f"cd {folder} && "
    lines = [
        "",
        "Next:",
        f"  {enter}gateway run     starts everything, and shows how to send a first event",
        f"  {enter}gateway check   says which credentials are missing, and where to get them",
        "",
        "All destinations run dry: requests are built and recorded, and none is sent. Put your",
        "credentials into .env and end the dry runs there. Keep .env out of version control.",
        "On your pages, load the snippet from the gateway:",
        '  <script async src="https://GATEWAY/gateway.js"',
        '    data-consent-event="consent_update"></script>',
    ]
    if answers.sites == list(_DEFAULTS.sites):
        lines.append(f"Replace {answers.sites[0]} in {CONFIGURATION} with your site's address.")
    return "\n".join(lines)
