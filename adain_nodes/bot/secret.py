"""The token in nobody's log: whoever has it is the bot."""

from __future__ import annotations

import logging


class Redacted(logging.Formatter):
    """Writes time, level and text, tracebacks as well, without the secret part of a token."""

    def __init__(self, token: str) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")
        self._secret = token.partition(":")[2] or token

    def format(self, record: logging.LogRecord) -> str:
        """The line, or the lines."""
        return super().format(record).replace(self._secret, "…")


def log_without(token: str) -> None:
    """Log on standard error, warnings of everybody and what the bot does."""
    handler = logging.StreamHandler()
    handler.setFormatter(Redacted(token))
    logging.getLogger().addHandler(handler)
    logging.getLogger("adain_nodes").setLevel(logging.INFO)
