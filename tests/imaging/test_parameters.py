"""Parameters inside result files."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.imaging import OUTPUT_FORMATS, read_image, read_parameters, write_image

Encode = Callable[..., bytes]
PARAMETERS: dict[str, object] = {
    "content": "Fjölnir/風景 🎨.jpg",
    "alpha": 0.1 + 0.2,
    "styles": [{"path": "Привет.png", "weight": 1}, {"path": 'quote " and \\ and \n', "weight": 2}],
    "preserve_colour": False,
    "mask": None,
}
TARGETS = [(suffix, 8) for suffix in OUTPUT_FORMATS] + [(".png", 16), (".tif", 16)]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(("suffix", "depth"), TARGETS)
def test_parameters_come_back(tmp_path: Path, suffix: str, depth: int) -> None:
    path = tmp_path / f"result{suffix}"
    write_image(path, torch.rand(1, 3, 12, 16), depth=depth, parameters=PARAMETERS)
    assert read_parameters(path) == PARAMETERS
    assert read_parameters(str(path)) == PARAMETERS
    assert read_image(path).notes == ()


@pytest.mark.parametrize(("suffix", "depth"), TARGETS)
@given(parameters=st.dictionaries(st.text(), JSON, max_size=4))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_comes_back(tmp_path: Path, suffix: str, depth: int, parameters: dict[str, object]) -> None:
    path = tmp_path / f"any{suffix}"
    write_image(path, torch.zeros(1, 3, 4, 4), depth=depth, parameters=parameters)
    assert read_parameters(path) == parameters


@pytest.mark.parametrize(("suffix", "depth"), TARGETS)
def test_parameters_do_not_touch_the_picture(tmp_path: Path, suffix: str, depth: int) -> None:
    picture = torch.rand(1, 3, 12, 16, generator=torch.Generator().manual_seed(0))
    write_image(tmp_path / f"plain{suffix}", picture, depth=depth)
    write_image(tmp_path / f"with{suffix}", picture, depth=depth, parameters=PARAMETERS)
    assert torch.equal(read_image(tmp_path / f"plain{suffix}").rgb, read_image(tmp_path / f"with{suffix}").rgb)


@pytest.mark.parametrize("suffix", OUTPUT_FORMATS)
def test_file_without_parameters_says_which_have_them(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"plain{suffix}"
    write_image(path, torch.zeros(1, 3, 4, 4))
    with pytest.raises(ImageError, match=r"carries no parameters .* PNG, JPEG, WebP and TIFF"):
        read_parameters(path)


@pytest.mark.parametrize("description", ["OLYMPUS DIGITAL CAMERA", "[1, 2]", '{"prompt": 1}', "3", '{"adain": 3}'])
def test_description_of_another_program_is_no_parameters(encode: Encode, tmp_path: Path, description: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = description
    (tmp_path / "other.jpg").write_bytes(encode(Image.new("RGB", (4, 4)), "JPEG", exif=exif))
    with pytest.raises(ImageError, match="carries no parameters"):
        read_parameters(tmp_path / "other.jpg")


def test_file_that_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture at all")
    with pytest.raises(ImageError, match=r"text\.png cannot be decoded"):
        read_parameters(tmp_path / "text.png")
    with pytest.raises(ImageError, match="does not exist"):
        read_parameters(tmp_path / "missing.png")


def test_large_picture_gives_its_parameters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for suffix in (".png", ".jpg", ".tif"):
        write_image(tmp_path / f"large{suffix}", torch.zeros(1, 3, 40, 40), parameters=PARAMETERS)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)  # Pillow would refuse it
    for suffix in (".png", ".jpg", ".tif"):
        assert read_parameters(tmp_path / f"large{suffix}") == PARAMETERS


@pytest.mark.parametrize("value", [float("nan"), float("inf"), np.float32(1), Path("a"), {1, 2}])
def test_only_json_can_be_written(tmp_path: Path, value: object) -> None:
    with pytest.raises(InvalidValueError, match="cannot be written as JSON"):
        write_image(tmp_path / "a.png", torch.zeros(1, 3, 4, 4), parameters={"alpha": value})
    assert not list(tmp_path.iterdir())


def test_importing_the_package_leaves_libvips_alone() -> None:
    code = "import sys, adain_nodes.imaging; sys.exit('pyvips' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
