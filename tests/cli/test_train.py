from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from adain_nodes.checkpoints.load import load_state
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.checkpoints.save import save_networks
from adain_nodes.cli.main import app
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import VGGEncoder
from adain_nodes.training.config import TrainingConfig

WIDTHS = (8, 8, 16)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures, a tiny model and a loss network, as the working folder."""
    random = np.random.default_rng(0)
    for kind in ("photos", "paintings"):
        (tmp_path / kind).mkdir()
        for index in range(3):
            pixels = random.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / kind / f"{index}.png")
    torch.manual_seed(0)
    save_networks(tmp_path / "tiny.safetensors", LiteEncoder(WIDTHS), LiteDecoder(WIDTHS))
    save_networks(tmp_path / "vgg.safetensors", VGGEncoder())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def adain(line: str) -> str:
    """What `adain train` prints, on both streams; its errors are raised."""
    result = CliRunner().invoke(app, ["train", *line.split()])
    if result.exception:
        raise result.exception
    return result.output


START = "--content photos --style paintings:2 --model tiny.safetensors --loss-network vgg.safetensors --objective joint"
SMALL = "--batch 1 --size 32 --crop 32 --device cpu"


def test_train_and_resume(place: Path) -> None:
    said = adain(f"{START} {SMALL} --out run --steps 2 --content-target content --lr 0.001")
    assert "step 2 of 2: total" in said
    assert "Done after 2 steps, too early to tell: run" in said
    settings = json.loads((place / "run" / "run.json").read_text())
    assert settings["style"] == ["paintings:2"]
    assert settings["learning_rate"] == 0.001
    assert settings["style_weight"] == TrainingConfig.style_weight
    (place / "tiny.safetensors").unlink()  # the run has its own weights

    assert "Done after 3 steps" in adain("--resume run --steps 3")
    encoder, decoder = load_networks(place / "run" / "weights.safetensors")
    decoder.check_encoder(encoder)
    assert len((place / "run" / "history.csv").read_text().splitlines()) == 4


@pytest.mark.parametrize("objective", ["decoder", "joint"])
def test_from_scratch_a_file_needs_no_decoder(place: Path, objective: str) -> None:
    save_networks(place / "encoder.safetensors", LiteEncoder(WIDTHS))
    options = f"--model encoder.safetensors --objective {objective} --from-scratch"
    adain(f"{START} {SMALL} {options} --steps 1 --content-target content")
    decoder = "run/weights.safetensors" if objective == "decoder" else None
    model = "encoder.safetensors" if objective == "decoder" else "run/weights.safetensors"
    load_networks(model, decoder)[1].check_encoder(load_networks(model, decoder)[0])
    assert "Done after 2 steps" in adain("--resume run --steps 2")


def test_the_weights_name_the_machine(place: Path) -> None:
    adain(f"{START} {SMALL} --steps 1 --content-target content")
    record = json.loads(load_state(place / "run" / "weights.safetensors")[1]["training"])
    assert f"PyTorch {torch.__version__}" in record["machine"]


def test_corrupt_pictures_are_named(place: Path) -> None:
    (place / "photos" / "broken.png").write_bytes(b"no picture")
    said = adain(f"{START} {SMALL} --steps 8")
    assert "Skipped: photos/broken.png" in said
    assert "1 picture(s) could not be read" in said


def test_a_run_is_not_overwritten(place: Path) -> None:
    (place / "run").mkdir()
    (place / "run" / "run.json").write_text("{}")
    with pytest.raises(InvalidValueError, match=r"run holds a run already\. Go on with --resume run"):
        adain(f"{START} {SMALL}")
    assert (place / "run" / "run.json").read_text() == "{}"


def test_wrong_options(place: Path) -> None:
    with pytest.raises(InvalidValueError, match="--batch, --learning-rate cannot be changed in a run that goes on"):
        adain("--resume run --lr 1 --batch 2")
    with pytest.raises(InvalidValueError, match="nowhere holds no run"):
        adain("--resume nowhere")
    with pytest.raises(InvalidValueError, match="crop is 256; it must not be larger than the size, 64"):
        adain(f"{START} --size 64")


def test_a_teacher_is_asked_again_when_the_run_goes_on(place: Path) -> None:
    said = adain(f"{START} {SMALL} --out run --steps 1 --teacher tiny.safetensors --teacher-weight 2")
    assert ", teacher " in said
    assert ", teacher " in adain("--resume run --steps 2")
    with pytest.raises(InvalidValueError, match="The teacher's weight is 0, and there is one"):
        adain(f"{START} {SMALL} --out other --teacher tiny.safetensors")
