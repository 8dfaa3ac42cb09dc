"""The command `gateway`."""

import gc


def main() -> None:
    """Runs the command. The garbage collector is off until the configuration is loaded: imported
    objects stay, and searching them again and again would take a fifth of the starting time."""
    gc.disable()
    from gateway.cli.main import main as command

    command()


if __name__ == "__main__":
    main()
