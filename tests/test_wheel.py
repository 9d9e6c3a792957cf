"""The wheel: an installed package works away from the checkout."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

STYLISE = """
import adain_nodes
from adain_nodes import StyleTransfer
from adain_nodes.resources import resource
assert "site" in adain_nodes.__file__, adain_nodes.__file__
transfer = StyleTransfer.from_pretrained("lite")
photo, style = (next(resource("examples", "pictures", kind).glob("*.jpg")) for kind in ("content", "style"))
print(transfer.stylize(photo, style, size=32).isfinite().all().item(), resource("web").is_dir())
"""


def test_wheel_carries_weights_pages_and_examples(site: Path) -> None:
    inside = site / "adain_nodes" / "_resources"
    assert (inside / "weights" / "lite.safetensors").read_bytes() == (ROOT / "weights/lite.safetensors").read_bytes()
    for folder in ("web", "examples/pictures/content", "examples/pictures/style"):
        assert any((inside / folder).iterdir())
    assert (inside / "__init__.py").read_bytes() == (ROOT / "__init__.py").read_bytes()


def test_wheel_stylises_away_from_the_checkout(site: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r})\n{STYLISE}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "True True\n"), done.stderr


def test_wheel_names_what_it_needs(site: Path) -> None:
    """Read from dependencies.txt at build time."""
    (metadata,) = site.glob("*.dist-info/METADATA")
    needed = {
        line.split()[1].split(">")[0] for line in metadata.read_text().splitlines() if line.startswith("Requires")
    }
    listed = {line.split(">")[0] for line in (ROOT / "dependencies.txt").read_text().splitlines()}
    assert listed <= needed
