"""The tab Train: a decoder learns from a visitor's pictures, while one looks on, and is a model from then on."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from adain_nodes.app.engine import Engine
from adain_nodes.app.finetune import OWN, Lesson, Trained, fine_tune
from adain_nodes.app.parts import MODELS, QUIET, model_choice, models, pictures
from adain_nodes.checkpoints.catalogue import weight_file
from adain_nodes.checkpoints.find import where
from adain_nodes.core.errors import InvalidValueError, MissingWeightsError
from adain_nodes.training.finetune import DEFAULTS, LOSS_NETWORK

UPLOADS = 200
"""How many pictures of each kind may be uploaded."""

INTRODUCTION = (
    "A copy of the model's decoder learns to paint pictures like yours. Its losses and samples appear here while it "
    "learns; the result is one more model to choose in the other tabs. Others wait for one of its steps at most."
)


def order(
    photos: list[str] | None,
    photo_folder: str,
    styles: list[str] | None,
    style_folder: str,
    model: str,
    judge: str,
    steps: int,
    batch: int,
    crop: int,
    style_weight: float,
    learning_rate: float,
    trained: Trained,
) -> Lesson:
    """What the tab's components ask for. Raises InvalidValueError for more uploads than UPLOADS."""
    settings = {"batch": batch, "crop": crop, "style_weight": style_weight, "learning_rate": learning_rate}
    learnt_from = (_uploads(photos), photo_folder, _uploads(styles), style_folder)
    return Lesson(*learnt_from, model, judge, steps, tuple(settings.items()), tuple(trained))


def judges() -> list[tuple[str, str | int | float]]:
    """What may judge the results: VGG-19 if it is on this machine, and what the model itself brings."""
    own: tuple[str, str | int | float] = ("the model's own encoder", OWN)
    try:
        where(weight_file(LOSS_NETWORK))
    except MissingWeightsError:
        return [own]
    return [("VGG-19, as in the paper", LOSS_NETWORK), own]


def layout(page: gr.Blocks, engine: Engine) -> None:
    """Build the tab, where training is allowed: what goes in on one side, what comes out on the other."""
    if engine.lessons is None:
        return
    choices = [each for each in page.blocks.values() if MODELS in (getattr(each, "elem_classes", None) or [])]
    tabs = next(each for each in page.blocks.values() if isinstance(each, gr.Tabs))
    with gr.Tab("Train", id="train"), gr.Row(elem_classes="desk"):
        trained = gr.State([])  # inside: beside tabs it would be taken for one
        with gr.Column(scale=2, min_width=300):
            inputs = [*_pictures(list(engine.lessons)), *_settings(engine)]
            with gr.Row(elem_classes="actions"):
                start = gr.Button("Train", variant="primary", size="md", min_width=90)
                stop = gr.Button("Stop", variant="stop", size="md", min_width=90)
        with gr.Column(scale=3, min_width=320):
            said = gr.Markdown(INTRODUCTION, elem_id="training")
            curve = _shown("Losses", "The losses of all steps so far")
            samples = _shown("Samples", "Photographs in styles, by the decoder as it is now")
            with gr.Row(elem_classes="actions"):
                use = gr.Button("Use it in Stylise", variant="primary", size="md", min_width=120, interactive=False)
                file = gr.DownloadButton("Download model", size="md", min_width=120, interactive=False)
    start.click(
        **engine.lane.long(order, partial(fine_tune, engine)),
        inputs=[*inputs, trained],
        outputs=[said, curve, samples, file, trained],
        api_name="train",
        api_description="Fine-tune a decoder: gives what is said, the losses and samples as pictures, and the model's "
        "file, again and again while it learns. The same pictures and settings go on with a run that was stopped.",
        show_progress="minimal",
    )
    stop.click(engine.lane.leave, queue=False, api_visibility="private", show_progress="hidden")
    trained.change(partial(_offer, engine, len(choices)), trained, [use, file, *choices], queue=False, **QUIET)
    use.click(_latest, trained, [choices[0], tabs], queue=False, **QUIET)


def _uploads(paths: list[str] | None) -> tuple[Path, ...]:
    if len(paths or ()) > UPLOADS:
        raise InvalidValueError(f"{len(paths or ())} pictures are too many.", f"Upload at most {UPLOADS} of each kind.")
    return tuple(Path(path) for path in paths or ())


def _pictures(folders: list[str]) -> list[Any]:
    """Uploads and folders of photographs and of styles."""
    parts: list[Any] = []
    for kind, folder in zip(("Photographs", "Styles"), folders, strict=False):
        parts += [
            pictures(f"{kind} to learn from"),
            gr.Dropdown(folders, value=folder, label=f"{kind}, if none are uploaded", filterable=False),
        ]
    return parts


def _settings(engine: Engine) -> list[Any]:
    """What decides how it learns; defaults are those of ``finetune_decoder``."""

    def slider(name: str, label: str, least: float, most: float, step: float, info: str) -> gr.Slider:
        return gr.Slider(least, most, DEFAULTS[name], step=step, label=label, info=info, buttons=[])

    model = model_choice(engine, "Start from")
    steps = slider("steps", "Steps", 10, 5000, 10, "With more of them, a run goes on where it ended.")
    with gr.Accordion("How it learns", open=False):
        rate: dict[str, Any] = {"minimum": 1e-7, "maximum": 1e-2, "step": 1e-6}
        return [
            model,
            judge(judges()),
            steps,
            slider("batch", "Batch", 1, 16, 1, "Pairs of pictures in each step."),
            slider("crop", "Crop", 64, 512, 32, "Side in pixels of the squares that it sees; smaller is faster."),
            slider("style_weight", "Style weight", 0, 100, 0.5, "More is closer to the style, less to the photograph."),
            gr.Number(DEFAULTS["learning_rate"], label="Learning rate", info="Lower it when losses rise.", **rate),
        ]


def judge(present: list[tuple[str, str | int | float]]) -> gr.Dropdown:
    """The choice of what judges; where VGG-19 is missing, it says how to get it."""
    info = "What compares the results with the styles."
    if len(present) == 1:
        info += " VGG-19, which sees more of a style, is not on the server: `adain weights pull vgg19` fetches it."
    return gr.Dropdown(present, value=present[0][1], label="Judge", info=info, filterable=False, interactive=True)


def _shown(label: str, alt: str) -> gr.Image:
    return gr.Image(
        label=label, alt_text=alt, interactive=False, buttons=["download", "fullscreen"], elem_classes="sheet"
    )


def _offer(engine: Engine, count: int, trained: Trained) -> list[Any]:
    """What a visitor has trained: ready to be used, and among the models to choose in each of ``count`` tabs."""
    choices = [*models(engine), *((label, name) for label, name in trained)]
    return [*[gr.update(interactive=bool(trained))] * 2, *[gr.update(choices=choices)] * count]


def _latest(trained: Trained) -> tuple[str, gr.Tabs]:
    """The model that was trained last, for the first tab, which is shown."""
    return trained[-1][1], gr.Tabs(selected="stylise")
