"""Logging to standard error: one line for each record, whatever it contains."""

import logging

QUIET = ("httpx", "rq.scheduler", "rq.worker", "rq.queue", "uvicorn.error")


class OneLine(logging.Formatter):
    """Escapes characters that are not printable, so that no sender can forge a line."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Sets up logging for a process of the gateway. The libraries in `QUIET` log only warnings and
    errors."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
