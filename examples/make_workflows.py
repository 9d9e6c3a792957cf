"""Makes the workflows of the template browser, with thumbnails, from those in api/, through ComfyUI's own front end.

python examples/make_workflows.py http://127.0.0.1:8188 [NAME…]

The address is that of a running ComfyUI with this pack; its input folder receives the example pictures. Playwright and
Chromium are needed (`CHROMIUM` names its path).
"""

import json
import os
import sys
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import av
from PIL import Image, ImageOps, UnidentifiedImageError
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
PICTURES = {file.name: file for file in (HERE / "pictures").glob("*/*")}
PACK = "adain-nodes"
"""The name in the registry, by which a host without the pack can offer it."""

NOTES = {
    "basic": """# One photograph, one style
The photograph's features take on those of the style.
- **alpha**: 0 keeps the photograph, 1 is the full style
- changing it runs only *AdaIN* and *Decode* again""",
    "style_transfer": """# All in one node
The same transfer without its steps.
- **preserve_color**: *coral* recolours the style first
- **style_size**: larger means larger strokes""",
    "blend": """# Four styles in one
A style is a few numbers, so styles can be averaged.
- **weights** need not sum to 1; 0 leaves a style out
- once encoded, a blend costs as much as one style""",
    "regions": """# Two styles, one mask
White gets the first style, black the second.
- **feather** softens the edge by so many pixels
- another *Masked AdaIN* adds a third region""",
    "color": """# The photograph's own colours
The result's light in the photograph's colours.
- **method**: the others move the result's colours
- **strength**: less keeps some of the style's""",
    "batch": """# One style for many pictures
Pictures pass part by part, so long batches work.
- before, for a video: *Get Video Components*
- after, for a video: *Create Video*, *Save Video*""",
    "save_style": """# Keep a style as a file
A few kilobytes in `models/adain_styles`.
- run this, then open the workflow *load_style*
- *Blend Styles* in between keeps a blend""",
    "load_style": """# Use a style from a file
The file holds all there is: no picture is needed.
- run the workflow *save_style* first
- then press **R** here to list the new file""",
    "train_decoder": """# Fine-tune a decoder
A copy of the decoder learns from these pictures.
- 20 **steps** only show how; take 1000 or more
- folders of many pictures are better than two
- cancelling keeps what was learnt""",
    "stylize_video": """# A clip in a style
What stands still is averaged, so it does not flicker.
- **smooth**: over how many seconds; 0 for none
- frame rate, length and sound stay as they are""",
}

READY = "() => !!(window.app?.graph && window.LiteGraph?.registered_node_types['AdaIN_Decode'])"
LOADED = "() => app.graph.nodes.every(n => !n.type.startsWith('LoadImage') || n.imgs?.length)"
FINISHED = """() => app.graph.nodes.filter(n => n.constructor.nodeData?.output_node)
    .every(n => app.nodeOutputs[n.id])"""
ROOMS = """() => Object.fromEntries(app.graph.nodes.map(node => {
    const slots = Math.max(node.inputs.filter(input => !input.widget).length, node.outputs.length)
    return [node.id, [node.computeSize()[1], 121 + 28 * slots + 38 * (node.widgets?.length ?? 0)]]
}))"""
"""Heights in the classic rendering, and what a node with its title and a gap takes in the newer one (measured)."""

FINISH = """([boxes, text, pictures, pack]) => {
  const note = LiteGraph.createNode('MarkdownNote')
  note.title = 'About this workflow'
  app.graph.add(note)
  note.widgets[0].value = text
  for (const node of app.graph.nodes) {
    const [x, y, width, height] = boxes[node === note ? 'note' : node.id]
    node.pos = [x, y]
    node.size = [width, height]
    node.properties.cnr_id = node.type.startsWith('AdaIN_') ? pack : 'comfy-core'
    const file = pictures[node.widgets?.[0]?.value]
    if (file) node.properties.adain_example = file
  }
  const graph = app.graph.serialize()
  graph.extra.ds = { scale: 0.81, offset: [100, 130] }  // the least at which both renderings show all texts
  return JSON.stringify(graph)
}"""

WIDTH, GAP = 430, 30
PICTURE, NOTE = (560, 690), (160, 310)
"""Heights in the classic rendering, and the room for both, of a node that shows a picture and of the note."""

LOADERS, SAVERS = ("LoadImage", "LoadImageMask", "LoadVideo"), ("SaveImage", "SaveVideo")

SHOW_PROGRESS = ("AdaIN_StyleTransfer", "AdaIN_TrainDecoder")
"""Nodes that grow with a picture while they work, so that nothing may be below them."""

INSET = 80

Prompt = dict[str, dict[str, Any]]
Box = tuple[float, float, float, float]


def boxes(prompt: Prompt, rooms: dict[str, tuple[float, float]]) -> dict[str, Box]:
    """Left, top, width and height of each node, by column: note and networks, pictures with encoders, the rest."""
    kinds = {name: node["class_type"] for name, node in prompt.items()}
    loads = [name for name, kind in kinds.items() if kind in LOADERS]
    saves = [name for name, kind in kinds.items() if kind in SAVERS]
    previews = [name for name, kind in kinds.items() if kind == "PreviewImage"]
    networks = [name for name, kind in kinds.items() if kind.startswith("AdaIN_Load")]
    encoders = {
        picture: [
            name
            for name, kind in kinds.items()
            if kind.startswith("AdaIN_Encode") and prompt[name]["inputs"]["image"] == [picture, 0]
        ]
        for picture in loads
    }
    others = {*loads, *saves, *previews, *networks}.union(*encoders.values())
    steps = [name for name in prompt if name not in others]
    rooms = {**rooms, "note": NOTE} | dict.fromkeys([*loads, *saves, *previews], PICTURE)
    found: dict[str, Box] = {}

    def stack(names: list[str], column: int, top: float = 0) -> float:
        for name in names:
            height, room = rooms[name]
            found[name] = (column * (WIDTH + GAP), top, WIDTH, height)
            top += room
        return top

    stack(["note", *networks], 0)
    wide = min(len(loads), 2 if len(loads) < 5 else 3)
    top = 0.0
    for row in range(0, len(loads), wide):
        top = max(stack([name, *encoders[name]], column, top) for column, name in enumerate(loads[row : row + wide], 1))
    column, top = 1 + wide, 0.0
    for name in [*steps, *saves]:
        top = stack([name], column, top)
        if kinds[name] in SHOW_PROGRESS:
            column, top = column + 1, 0.0
    stack(previews, column + 1)
    return found


def thumbnail(prompt: Prompt, results: list[Image.Image], side: int = 400) -> Image.Image:
    """The results one below the other, each with its photograph on the left; the styles on the lower right."""
    named = [next(iter(node["inputs"].values())) for node in prompt.values() if node["class_type"] in LOADERS]
    contents, styles = (
        [name for name in named if PICTURES[name].parent.name in kinds] for kinds in (("content", "clip"), ("style",))
    )
    if not results:
        return ImageOps.fit(Image.open(PICTURES[styles[0]]), (side, side))
    sheet = Image.new("RGB", (side, side))
    for row, (content, result) in enumerate(zip(contents, results, strict=True), 1):
        height, bottom = side // len(results), side * row // len(results)
        sheet.paste(ImageOps.fit(result, (side, height), centering=(0.5, 0.4)), (0, bottom - height))
        sheet.paste(inset(content), (0, bottom - INSET))
    for number, style in enumerate(reversed(styles), 1):
        sheet.paste(inset(style), (side - number * INSET, side - INSET))
    return sheet


def inset(name: str) -> Image.Image:
    """An example picture, small and square, with a white edge."""
    return ImageOps.expand(ImageOps.fit(open_still(PICTURES[name].read_bytes()), (INSET - 6, INSET - 6)), 3, "white")


def open_still(data: bytes) -> Image.Image:
    """A picture, or the middle frame of a clip."""
    try:
        return Image.open(BytesIO(data))
    except UnidentifiedImageError:
        with av.open(BytesIO(data)) as clip:
            frames = list(clip.decode(video=0))
        return frames[len(frames) // 2].to_image()


def upload(page: Page, url: str) -> None:
    """Give the host the example pictures, unless it has them."""
    for file in PICTURES.values():
        form = {"name": file.name, "mimeType": "image/*", "buffer": file.read_bytes()}
        page.request.post(f"{url}/upload/image", multipart={"image": form})


def make(page: Page, url: str, name: str) -> None:
    """Write one workflow and its thumbnail."""
    prompt: Prompt = json.loads((HERE / "api" / f"{name}.json").read_text("utf-8"))
    page.goto(url)
    page.wait_for_function(READY)
    page.evaluate("([prompt, name]) => app.loadApiJson(prompt, name)", [prompt, name])
    page.wait_for_function(LOADED)
    page.evaluate("() => app.queuePrompt(0)")
    page.wait_for_function(FINISHED, timeout=120_000)
    ends = [node for node, step in prompt.items() if step["class_type"] in SAVERS]
    saved = [image for node in ends for image in page.evaluate("id => app.nodeOutputs[id].images", node)]
    results = [open_still(page.request.get(f"{url}/view", params=image).body()) for image in saved]
    thumbnail(prompt, results).save(HERE / f"{name}.jpg", quality=62, optimize=True)
    spots = boxes(prompt, page.evaluate(ROOMS))
    files = {file.name: f"{file.parent.name}/{file.name}" for file in PICTURES.values()}
    graph = json.loads(page.evaluate(FINISH, [spots, NOTES[name], files, PACK]))
    graph["id"] = str(uuid5(NAMESPACE_URL, f"{PACK}/{name}"))
    (HERE / f"{name}.json").write_text(json.dumps(graph, indent=1) + "\n", "utf-8")


def main(url: str, *names: str) -> None:
    """Make the workflows of these names, or all."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=["--no-sandbox"])
        upload(browser.new_page(), url)
        for name in names or NOTES:
            page = browser.new_page()  # one that knows nothing of the workflow before
            make(page, url, name)
            page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
