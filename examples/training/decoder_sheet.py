"""Show example pictures as several decoders of the paper's encoder make them, side by side.

    python decoder_sheet.py decoders.jpg --model vgg19 start= fine=run/weights.safetensors

Each decoder is NAME=FILE; without a file it is the model's own.
"""

import argparse
from pathlib import Path

from adain_nodes.examples import examples
from adain_nodes.imaging import contact_sheet, read_square
from adain_nodes.pipeline import StyleTransfer

SIDE = 192  # of the pictures, in pixels
PAIRS = (("castle", "starry_night"), ("kingfisher", "rose_window"), ("coffee", "swirls"), ("astronaut", "engraving"))


def main() -> None:
    """See the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the sheet")
    parser.add_argument("decoders", nargs="+", help="NAME=FILE")
    parser.add_argument("--model", default="vgg19", help="whose encoder and, without a file, decoder")
    options = parser.parse_args()
    found = {path.stem: path for kind in ("content", "style") for path in examples(kind)}
    pairs = [[read_square(found[name], SIDE) for name in pair] for pair in PAIRS]
    rows, labels = pairs, ["photograph", "style"]
    for name, _, file in (decoder.partition("=") for decoder in options.decoders):
        transfer = StyleTransfer.from_pretrained(options.model, decoder=file or None)
        made = [transfer.stylize(content, style, style_size=0) for content, style in pairs]
        rows, labels = [[*row, picture] for row, picture in zip(rows, made, strict=True)], [*labels, name]
    contact_sheet(rows, column_labels=labels, cell=SIDE).save(options.out, quality=85)


if __name__ == "__main__":
    main()
