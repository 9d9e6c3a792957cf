"""What may go wrong between the bot and Telegram."""

from adain_nodes.core.errors import AdaINError


class TokenError(AdaINError):
    """There is no token, or Telegram does not know it. The token itself is never part of the message."""


class RefusedError(AdaINError):
    """Telegram has understood what was asked and will not do it: asking again does not help."""


class UnreachableError(AdaINError):
    """Telegram did not answer, or asks for patience: what was asked may be asked again, ``after`` seconds at least."""

    def __init__(self, problem: str, *, after: float = 0) -> None:
        super().__init__(problem, after=after)
        self.after = after
