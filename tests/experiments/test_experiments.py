"""Each experiment from its first step to its page, and what its page says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from adain_nodes.checkpoints.networks import load_feedforward
from adain_nodes.core.errors import EncoderMismatchError, InvalidValueError
from adain_nodes.experiments import ablations, normalisation
from adain_nodes.experiments.catalogue import EXPERIMENTS, run_experiment
from adain_nodes.experiments.lab import Figures, Result
from adain_nodes.experiments.page import BYTES
from adain_nodes.models.feedforward import FeedForward, Pixels
from adain_nodes.pipeline import StyleTransfer

from .conftest import TINY, Run

RUNS = {
    "normalisation": 6,
    "ablations": 13,
    "style-weight": 5,
    "single-style": 2,
    "conditional": 2,
}


@pytest.fixture(autouse=True)
def lite_for_vgg19(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper's weights may not be on this machine."""
    load = StyleTransfer.from_pretrained
    monkeypatch.setattr(StyleTransfer, "from_pretrained", lambda name, **more: load("lite", **more))


def test_every_experiment_is_tried() -> None:
    assert set(EXPERIMENTS) == set(RUNS)


@pytest.mark.parametrize("name", RUNS)
def test_an_experiment_and_its_page(run: Run, tmp_path: Path, name: str) -> None:
    page = run(name, tmp_path / name)
    text = page.read_text("utf-8")
    assert len(list((tmp_path / name / "runs").iterdir())) == RUNS[name]
    assert str(TINY) in text
    shown = re.findall(r"!\[[^]]+\]\(([^)]+)\)", text)
    assert len(shown) == len(set(shown)) >= 3
    for picture in shown:
        assert (page.parent / picture).stat().st_size <= BYTES
        with Image.open(page.parent / picture) as opened:
            opened.verify()
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    assert len({line.count("|") for line in tables[:2]}) == 1
    assert "nan" not in text


def test_feed_forward_networks_are_files_with_the_names_of_their_styles(run: Run, tmp_path: Path) -> None:
    run("single-style", tmp_path / "one")
    for kind, normalization in (("IN", "instance"), ("BN", "batch")):
        network = load_feedforward(tmp_path / "one" / f"{kind}.safetensors")
        assert (network.normalization, network.names) == (normalization, ("0",))
    run("conditional", tmp_path / "many")
    network = load_feedforward(tmp_path / "many" / "styles.safetensors")
    assert network.names == ("0", "1", "2", "3")
    statistics = network.first.norm.scale
    assert statistics.shape == (4, 2)
    assert not torch.allclose(statistics[3], statistics[:3].mean(0))  # it has learnt since


def test_original_contrast_and_style_normalised_photographs(run: Run, tmp_path: Path) -> None:
    run("normalisation", tmp_path)
    for inputs in ("contrast", "style"):
        assert len(list((tmp_path / "inputs" / inputs).iterdir())) == 4
    losses = {path.name: (path / "history.csv").read_text() for path in (tmp_path / "runs").iterdir()}
    assert len(set(losses.values())) == len(losses) == 6  # each run saw something else


@pytest.mark.parametrize("name", ["normalisation", "conditional"])
def test_too_few_styles(pictures: Path, tmp_path: Path, name: str) -> None:
    sources = [str(pictures / "content")], [str(pictures / "style" / "0.png")]
    with pytest.raises(InvalidValueError, match="This experiment takes t"):
        run_experiment(name, *sources, tmp_path, TINY, loss_network=str(pictures / "vgg.safetensors"))


def test_wrong_names(pictures: Path, tmp_path: Path) -> None:
    sources = [str(pictures / "content")], [str(pictures / "style")]
    with pytest.raises(InvalidValueError, match=r"no experiment 'luck'\. Choose one of normalisation, ablations"):
        run_experiment("luck", *sources, tmp_path)
    with pytest.raises(EncoderMismatchError, match="A VGG-19 has to judge"):
        run_experiment("ablations", *sources, tmp_path, TINY, loss_network="lite")
    with pytest.raises(InvalidValueError, match="no level 'relu9_1'"):
        replace(TINY, level="relu9_1")


def result(**late: float) -> Result[FeedForward]:
    return Result(Pixels(), FeedForward(2, 1), {name: [9.0, *9 * [value]] for name, value in late.items()})


def outcome(said: list[tuple[str, bool, str]]) -> list[bool]:
    return [came_out for _, came_out, _ in said]


def test_verdicts_of_the_ablations() -> None:
    published = {
        ablations.ADAIN: result(style=1, content=1, total=11),
        ablations.CONCAT: result(style=1.05, content=2, total=12.5),
        "batch-norm decoder": result(style=2, content=1, total=21),
        "instance-norm decoder": result(style=2, content=1, total=12),
        ablations.BEST_CONTENT: result(style=2, content=1, total=12),
    }
    kept = {name: Figures(1, 3) for name in published} | {ablations.BEST_CONTENT: Figures(1, 2)}
    published["concat adain"], kept["concat adain"] = published[ablations.ADAIN], Figures(1, 1)  # never published
    verdicts: Callable[[Mapping[str, object], Mapping[str, Figures]], list[tuple[str, bool, str]]] = ablations._verdicts
    assert outcome(verdicts(published, kept)) == [True] * 4
    other = dict.fromkeys(published, published[ablations.ADAIN])
    assert outcome(verdicts(other, kept | {ablations.CONCAT: Figures(1, 1)})) == [False] * 4


def test_gaps_and_overtaking() -> None:
    fast, slow = result(style=1), result(style=2)
    assert normalisation._gap(fast, slow) == 2
    assert normalisation._overtakes(fast, slow) == "2 of 10"
    assert normalisation._overtakes(slow, fast) == "never"
