"""Makes the pictures of the nodes' help pages from the example pictures with the embedded model.

Those of the methods that AdaIN is compared with need vgg19 (`adain weights pull vgg19`) and some minutes.

python examples/make_help_pictures.py
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from adain_nodes import StyleTransfer, read_image, write_image
from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.baselines.texture import synthesise, synthesise_by_adain
from adain_nodes.baselines.transform import SYSTEMS, style_swap_transfer
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.core.color import match_color
from adain_nodes.core.regions import feather
from adain_nodes.core.sizing import size_of
from adain_nodes.core.transforms import TRANSFORMS
from adain_nodes.imaging import contact_sheet, read_mask, resize, to_tensor
from adain_nodes.training.finetune import finetune_decoder
from adain_nodes.training.report import Report
from adain_nodes.video import FrameStyler

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
PAGES = HERE.parent / "web" / "comfyui" / "docs"


def main() -> None:
    """One sheet of pictures for every page."""
    transfer = StyleTransfer.from_pretrained("lite")
    show_styles(transfer)
    show_features(transfer)
    show_regions(transfer)
    show_colors(transfer)
    show_frames(transfer)
    show_training()
    show_methods(StyleTransfer.from_pretrained("vgg19"))


def show_styles(transfer: StyleTransfer) -> None:
    """From a picture to a style, and what can be done with it."""
    bridge, castle = content("bridge"), content("castle")
    stars, swirls, waves, cafe = map(style, ("starry_night", "swirls", "ink_waves", "cafe_terrace"))

    sheet("AdaIN", {f"alpha {alpha}": transfer.stylize(bridge, swirls, alpha=alpha) for alpha in (0, 0.3, 0.6, 1)})
    blends = [(1, 0), (0.7, 0.3), (0.3, 0.7), (0, 1)]
    sheet("BlendStyles", {f"{a} : {b}": transfer.stylize(castle, [stars, waves], weights=[a, b]) for a, b in blends})
    sizes = {f"style_size {size}": transfer.stylize(castle, waves, style_size=size) for size in (64, 256, 512)}
    sheet("EncodeStyle", {"image": waves, **sizes})

    kept = transfer.encode_style([cafe, stars])
    on = {name: transfer.stylize(content(name), kept) for name in ("bridge", "castle", "cat", "kingfisher", "coffee")}
    sheet("SaveStyle", {"style 1": cafe, "style 2": stars, "their blend, saved": on.pop("bridge")})
    sheet("LoadStyle", on)


def show_features(transfer: StyleTransfer) -> None:
    """What the networks make of pictures."""
    bridge, castle, cat = map(content, ("bridge", "castle", "cat"))
    swirls = style("swirls")
    levels = [level.float().abs().mean(1, keepdim=True) for level in transfer.encode(castle)]
    seen = {f"features, 1/{2**i}": (level / level.amax()).expand(-1, 3, -1, -1) for i, level in enumerate(levels, 1)}
    sheet("EncodeContent", {"image": castle, **seen})
    sheet("LoadDecoder", {"image": cat, "encoded and decoded": transfer.stylize(cat, swirls, alpha=0)})
    decoded = {f"decoded, alpha {alpha}": transfer.stylize(bridge, swirls, alpha=alpha) for alpha in (0, 1)}
    sheet("Decode", {"content": bridge, "style": swirls, **decoded})
    made = {f"{name}, lite": transfer.stylize(content(name), swirls) for name in ("bridge", "castle", "kingfisher")}
    sheet("LoadVGGEncoder", {"style": swirls, **made})


def show_regions(transfer: StyleTransfer) -> None:
    """Styles inside and outside a mask."""
    castle, stars, waves = content("castle"), style("starry_night"), style("ink_waves")
    mask, _ = read_mask(PICTURES / "mask" / "castle_sky.png", size_of(castle))
    sky = feather(mask, 8)
    inside, both = (transfer.stylize(castle, rest, masks=[(sky, stars)]) for rest in (None, waves))
    masked = {"content": castle, "mask": mask.expand(-1, 3, -1, -1)}
    sheet("MaskedAdaIN", {**masked, "style inside": inside, "and style_outside": both})


def show_colors(transfer: StyleTransfer) -> None:
    """Colours of another picture, and the photograph's own."""
    bird, cafe, rose = content("kingfisher"), style("cafe_terrace"), style("rose_window")
    matched = {method: match_color(bird, cafe, method) for method in ("coral", "mean-std", "histogram")}
    half = match_color(bird, cafe, "histogram", strength=0.5)
    sheet("ColorMatch", {"image": bird, "reference": cafe, **matched, "histogram, strength 0.5": half})
    kept = {
        way: transfer.stylize(bird, rose, preserve_color=way) for way in ("none", "coral", "histogram", "luminance")
    }
    sheet("StyleTransfer", {"image": bird, "style_image": rose, **kept}, quality=58)


def show_frames(transfer: StyleTransfer) -> None:
    """Something that moves, in its frames."""
    castle = content("castle")
    width = 3 * castle.shape[3] // 4
    frames = {f"{second} s": castle[..., 30 * second : 30 * second + width] for second in (0, 2)}
    styler = FrameStyler(transfer, style("starry_night"))
    made = {f"{label}, stylised": styler(frame, float(label[0])) for label, frame in frames.items()}
    pairs = zip(frames.items(), made.items(), strict=True)
    sheet("StylizeVideo", dict(pair for both in pairs for pair in both))


def show_training() -> None:
    """What the trainer shows of a short run, in which the embedded model judges itself."""
    encoder, decoder = load_networks("lite")
    reports: list[Report] = []
    finetune_decoder(
        [PICTURES / "content"],
        [PICTURES / "style"],
        encoder=encoder,
        decoder=decoder,
        loss_network=encoder,
        steps=100,
        batch=2,
        crop=64,
        preview=reports.append,
    )
    samples, plot = (to_tensor(np.asarray(picture)) for picture in (reports[-1].sheet, reports[-1].curve))
    sheet("TrainDecoder", {"samples": samples, "loss_plot": plot}, columns=1, cell=380)


def show_methods(transfer: StyleTransfer) -> None:
    """Optimisation, texture synthesis and style swap, in the features of the paper's encoder."""
    castle, stars, waves = content("castle", 240), resize(style("starry_night"), 240), resize(style("ink_waves"), 240)
    swap = style_swap_transfer(transfer)
    looks = swap.encode(stars)
    swaps = {f"alpha {alpha}": swap.stylize(castle, looks, alpha) for alpha in (0.6, 1.0)}
    sheet("StyleSwap", {"content": castle, "style": stars, **swaps}, quality=58)
    systems = {name: SYSTEMS[name](transfer) for name in TRANSFORMS}
    matched = {name: system.stylize(castle, system.encode(stars)) for name, system in systems.items()}
    sheet("MatchFeatures", {"content": castle, "style": stars, **matched}, quality=55)
    wct = systems["wct"]
    both = [wct.encode(stars), wct.encode(waves)]
    steps = {
        f"share {share}": wct.stylize(castle, both, weights=[1 - share, share]) for share in (0.0, 0.35, 0.65, 1.0)
    }
    sheet("BlendFeatures", {"features": steps.pop("share 0.0"), "other_features": steps.pop("share 1.0"), **steps})
    with transfer.backend.running():
        made = {"image": castle, "style_image": stars}
        for iterations in (20, 150):
            method = Gatys(transfer.encoder, schedule=Schedule(iterations))
            made[f"{iterations} iterations"] = method.stylize(castle, method.encode_style(stars))
        sheet("Gatys", made, quality=58)
        schedule = Schedule(100, scales=3)
        textures = {"optimization": synthesise(waves, (240, 320), transfer.encoder, schedule=schedule).picture}
    textures["AdaIN"] = synthesise_by_adain(waves, (240, 320), transfer)
    sheet("TextureSynthesis", {"image": waves, **textures}, quality=58)


def content(name: str, size: int = 360) -> Tensor:
    """An example photograph."""
    return resize(read_image(PICTURES / "content" / f"{name}.jpg").rgb, size)


def style(name: str) -> Tensor:
    """An example style."""
    return read_image(PICTURES / "style" / f"{name}.jpg").rgb


def sheet(node: str, pictures: Mapping[str, Tensor], columns: int = 2, cell: int = 190, quality: int = 64) -> None:
    """Pictures with their labels as the picture of a node's page: two a row, because the editor's panel is narrow."""
    labels = list(pictures)
    rows = [labels[start : start + columns] for start in range(0, len(labels), columns)]
    strips = [contact_sheet([[pictures[label] for label in row]], column_labels=row, cell=cell) for row in rows]
    page = Image.new("RGB", (max(strip.width for strip in strips), sum(strip.height for strip in strips)), "white")
    top = 0
    for strip in strips:
        page.paste(strip, ((page.width - strip.width) // 2, top))
        top += strip.height
    write_image(PAGES / f"AdaIN_{node}.jpg", to_tensor(np.asarray(page)), quality=quality)


if __name__ == "__main__":
    main()
