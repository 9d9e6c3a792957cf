"""The errors of the project: each says what was wrong, what was expected and what to do next."""


class AdaINError(Exception):
    """Base of every error that the project raises on purpose.

    ``problem`` says what was wrong and what was expected, ``remedy`` what to do about it; the message is both.
    ``facts`` holds the values behind the sentence, for callers that want to act on them.
    """

    def __init__(self, problem: str, remedy: str = "", **facts: object) -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem = problem
        self.remedy = remedy
        self.facts = facts


class InvalidValueError(AdaINError, ValueError):
    """An argument outside its range: alpha, blend weights, a size, an unknown option."""


class ShapeError(AdaINError, ValueError):
    """Tensors whose shapes do not fit together, or are not what a function takes."""


class DivergedError(AdaINError):
    """A loss or a gradient that became NaN or infinite."""


class EncoderMismatchError(AdaINError):
    """A style or a decoder that belongs to another encoder than the one in use."""


class ImageError(AdaINError):
    """A picture that cannot be read: missing, not an image, truncated, empty or too large."""


class VideoError(AdaINError):
    """A clip that cannot be read: missing, no video, without pictures, too large."""


class OutputError(AdaINError):
    """A result that cannot be written: unwritable folder, full disk, unknown format."""


class CheckpointError(AdaINError):
    """A weight or style file that is not understood, corrupt or unsafe."""


class MissingWeightsError(AdaINError):
    """Weights that are known but not on this machine, or a name that nobody knows."""


class DownloadError(AdaINError):
    """A download that failed: network, server, size or checksum."""
