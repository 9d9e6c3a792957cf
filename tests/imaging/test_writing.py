"""Result files: formats, depths, options and failures."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from adain_nodes.core.errors import InvalidValueError, OutputError, ShapeError
from adain_nodes.imaging import OUTPUT_FORMATS, read_image, read_parameters, to_array, to_tensor, write_image, writing


@pytest.fixture
def rgb(samples: np.ndarray) -> torch.Tensor:
    return to_tensor(samples)[:, :3]


@pytest.fixture
def alpha(samples: np.ndarray) -> torch.Tensor:
    return to_tensor(samples)[:, 3:]


@pytest.mark.parametrize("suffix", [".png", ".tif", ".TIFF", ".webp"])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_lossless_formats_keep_every_sample(
    tmp_path: Path, rgb: torch.Tensor, alpha: torch.Tensor, suffix: str, with_alpha: bool
) -> None:
    path = tmp_path / f"result{suffix}"
    notes = write_image(path, rgb, alpha=alpha if with_alpha else None, lossless=True)
    picture = read_image(path)
    assert notes == ()
    assert torch.equal(picture.rgb, rgb)
    assert torch.equal(picture.alpha, alpha) if with_alpha and picture.alpha is not None else picture.alpha is None
    with Image.open(path) as image:  # what any other program sees
        assert image.format == OUTPUT_FORMATS[suffix.lower()]
        assert image.mode == ("RGBA" if with_alpha else "RGB")
        assert np.array_equal(np.asarray(image.convert("RGB")), to_array(rgb)[0])


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("with_alpha", [False, True])
def test_sixteen_bits_are_written(tmp_path: Path, suffix: str, with_alpha: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    rgb, alpha = torch.rand(1, 3, 9, 11, generator=generator), torch.rand(1, 1, 9, 11, generator=generator)
    path = tmp_path / f"deep{suffix}"
    write_image(path, rgb, alpha=alpha if with_alpha else None, depth=16)
    picture = read_image(path)
    assert picture.depth == 16
    assert (picture.rgb - rgb).abs().max() <= 0.5 / 65535 + 1e-7
    assert (picture.alpha is not None) == with_alpha
    if suffix == ".tiff":
        assert np.array_equal(tifffile.imread(path)[..., :3], to_array(rgb, 16)[0])


@pytest.mark.parametrize("suffix", [".jpg", ".JPEG", ".webp"])
def test_lossy_formats_come_close_and_follow_the_quality(tmp_path: Path, suffix: str) -> None:
    ramp = torch.linspace(0, 1, 64)
    rgb = torch.stack([ramp.expand(64, 64), ramp.expand(64, 64).T, ramp.flip(0).expand(64, 64)])[None]
    sizes = []
    for quality in (30, 75, 95):
        path = tmp_path / f"q{quality}{suffix}"
        write_image(path, rgb, quality=quality)
        sizes.append(path.stat().st_size)
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[2]
    assert (read_image(path).rgb - rgb).abs().mean() < 0.02


def test_jpeg_keeps_full_colour_resolution_at_high_quality(tmp_path: Path) -> None:
    stripes = torch.zeros(1, 3, 16, 16)
    stripes[:, 0, :, ::2], stripes[:, 2, :, 1::2] = 1, 1  # red and blue, one pixel wide
    write_image(tmp_path / "full.jpg", stripes, quality=90)
    write_image(tmp_path / "half.jpg", stripes, quality=89)
    assert (read_image(tmp_path / "full.jpg").rgb - stripes).abs().mean() < 0.05
    assert (read_image(tmp_path / "half.jpg").rgb - stripes).abs().mean() > 0.2


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("depth", [8, 16])
def test_compression_trades_size(tmp_path: Path, suffix: str, depth: int) -> None:
    steps = torch.randint(0, 3, (1, 3, 100, 200), generator=torch.Generator().manual_seed(0))
    rgb = steps.cumsum(dim=3) % 120 / 120
    for compression in (0, 1, 9):
        write_image(tmp_path / f"{compression}{suffix}", rgb, depth=depth, compression=compression)
    none, fast, best = ((tmp_path / f"{compression}{suffix}").stat().st_size for compression in (0, 1, 9))
    assert none > 100 * 200 * 3 * depth // 8
    assert none > fast > best
    assert torch.equal(read_image(tmp_path / f"0{suffix}").rgb, read_image(tmp_path / f"9{suffix}").rgb)


def test_jpeg_lays_transparency_over_white(tmp_path: Path) -> None:
    rgb = torch.tensor([1.0, 0, 0]).reshape(1, 3, 1, 1).expand(1, 3, 16, 16)
    notes = write_image(tmp_path / "a.jpg", rgb, alpha=torch.full((1, 1, 16, 16), 0.25), quality=100)
    assert notes == ("transparency laid over white",)
    assert (read_image(tmp_path / "a.jpg").rgb - torch.tensor([1.0, 0.75, 0.75]).reshape(1, 3, 1, 1)).abs().max() < 0.02


def test_webp_keeps_the_colours_under_transparency(tmp_path: Path, rgb: torch.Tensor) -> None:
    write_image(tmp_path / "a.webp", rgb, alpha=torch.zeros(1, 1, 24, 31), lossless=True)
    assert torch.equal(read_image(tmp_path / "a.webp").rgb, rgb)


def test_unknown_format_lists_the_known_ones(tmp_path: Path, rgb: torch.Tensor) -> None:
    for name in ("a.gif", "a", "a.png.bak"):
        with pytest.raises(OutputError, match=r"\.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff"):
            write_image(tmp_path / name, rgb)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_sixteen_bits_need_a_format_that_holds_them(tmp_path: Path, rgb: torch.Tensor, suffix: str) -> None:
    with pytest.raises(OutputError, match=r"holds 8 bits per channel, not 16\. Write PNG or TIFF"):
        write_image(tmp_path / f"a{suffix}", rgb, depth=16)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"quality": 0}, "quality of 0"),
        ({"quality": 101}, "101"),
        ({"compression": 10}, "of 10"),
        ({"depth": 12}, "12 bits"),
    ],
)
def test_options_out_of_range(tmp_path: Path, rgb: torch.Tensor, options: dict[str, int], text: str) -> None:
    with pytest.raises(InvalidValueError, match=text):
        write_image(tmp_path / "a.png", rgb, **options)


def test_shapes_that_are_no_picture(tmp_path: Path, rgb: torch.Tensor) -> None:
    for shape in ((3, 4, 4), (2, 3, 4, 4), (1, 4, 4, 4), (1, 3, 0, 4)):
        with pytest.raises(ShapeError, match="one picture of 1×3×H×W"):
            write_image(tmp_path / "a.png", torch.zeros(shape))
    with pytest.raises(ShapeError, match="does not fit the picture"):
        write_image(tmp_path / "a.png", rgb, alpha=torch.ones(1, 1, 5, 5))


def test_picture_too_large_for_its_format(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"a\.webp cannot be encoded as WEBP: .*16383.*Write an 8-bit PNG"):
        write_image(tmp_path / "a.webp", torch.zeros(1, 3, 1, 16384))
    with pytest.raises(OutputError, match="cannot be encoded as JPEG"):
        write_image(tmp_path / "a.jpg", torch.zeros(1, 3, 1, 65536))
    with pytest.raises(OutputError, match="cannot be encoded as JPEG: EXIF data is too long"):
        write_image(tmp_path / "a.jpg", torch.zeros(1, 3, 4, 4), parameters={"text": "x" * 70_000})
    assert not list(tmp_path.iterdir())


def test_large_tiff_is_a_bigtiff(tmp_path: Path, rgb: torch.Tensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_CLASSIC_TIFF_BYTES", 1000)
    write_image(tmp_path / "a.tif", rgb, parameters={"alpha": 1})
    assert (tmp_path / "a.tif").read_bytes()[:4] in (b"II+\0", b"MM\0+")
    assert torch.equal(read_image(tmp_path / "a.tif").rgb, rgb)
    assert read_parameters(tmp_path / "a.tif") == {"alpha": 1}


def test_failed_write_keeps_the_old_result(tmp_path: Path, rgb: torch.Tensor) -> None:
    write_image(tmp_path / "a.png", rgb)
    before = (tmp_path / "a.png").read_bytes()
    with pytest.raises(InvalidValueError, match="NaN"):
        write_image(tmp_path / "a.png", torch.full((1, 3, 4, 4), float("nan")))
    assert (tmp_path / "a.png").read_bytes() == before
    with pytest.raises(OutputError, match="its folder is a file"):
        write_image(tmp_path / "a.png" / "b.png", rgb)


def test_tensors_of_other_kinds_are_written_and_left_alone(tmp_path: Path, rgb: torch.Tensor) -> None:
    wide = (rgb * 3 - 1).requires_grad_()
    kept = wide.detach().clone()
    write_image(tmp_path / "a.png", wide, alpha=torch.ones(1, 1, 24, 31).half())
    assert torch.equal(wide, kept)
    write_image(tmp_path / "a.jpg", wide, alpha=torch.ones(1, 1, 24, 31).half())
    assert torch.equal(read_image(tmp_path / "a.png").rgb, to_tensor(to_array(wide.clamp(0, 1))))
    write_image(tmp_path / "b.png", rgb.bfloat16())
    assert (read_image(tmp_path / "b.png").rgb - rgb).abs().max() < 0.01
