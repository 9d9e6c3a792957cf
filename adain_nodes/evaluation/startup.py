"""Start-up: what an import and a first command cost, beside PyTorch's own import."""

import subprocess
import sys
from functools import partial

from adain_nodes.core.errors import AdaINError
from adain_nodes.evaluation.timing import Progress, median_seconds, silent

TORCH = "import torch"
PACKAGE = "import adain_nodes"
PIPELINE = "from adain_nodes import StyleTransfer"
HELP = "adain --help"

_ARGUMENTS = {
    **{code: (code,) for code in (TORCH, PACKAGE, PIPELINE)},
    HELP: ("from adain_nodes.cli.main import main; main()", "--help"),
}


def measure_startup(rounds: int = 5, *, progress: Progress = silent) -> dict[str, float]:
    """Median seconds, by command, of fresh interpreters with their own start.

    ``PACKAGE`` alone loads little, ``PIPELINE`` all that stylising needs. Raises AdaINError with what an interpreter
    said when it fails.
    """
    runs = {name: partial(run_python, "-c", *arguments) for name, arguments in _ARGUMENTS.items()}
    return median_seconds(runs, rounds, progress=progress)


def run_python(*arguments: str) -> str:
    """The standard output of a fresh interpreter; AdaINError with its last words when it fails."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise AdaINError(
            f"`python {' '.join(arguments)}` failed: {said[0]}.",
            "Run it yourself to see the whole message.",
            returncode=done.returncode,
        )
    return done.stdout
