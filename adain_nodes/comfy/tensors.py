"""IMAGE and MASK of the host to the tensors of the core and back; batches that fit together. Only torch is needed."""

from __future__ import annotations

from torch import Tensor

from adain_nodes.core.errors import ShapeError


def from_image(image: Tensor) -> Tensor:
    """B×3×H×W of an IMAGE B×H×W×C, without a copy: grey is repeated, and a fourth channel (alpha) left aside.

    Raises ShapeError for an empty batch and for other shapes.
    """
    if image.ndim != 4 or image.shape[3] not in (1, 3, 4) or 0 in image.shape:
        raise ShapeError(
            f"An image has the shape {tuple(image.shape)}; expected batch×height×width×channels with at least one "
            "picture and 1, 3 or 4 channels.",
            "Check the node that the image comes from.",
            shape=tuple(image.shape),
        )
    return image[..., :3].movedim(-1, 1).expand(-1, 3, -1, -1)


def from_mask(mask: Tensor) -> Tensor:
    """B×1×H×W float32 in [0, 1] of a MASK B×H×W or H×W. Raises ShapeError for other shapes and empty ones."""
    if mask.ndim not in (2, 3) or 0 in mask.shape:
        raise ShapeError(
            f"A mask has the shape {tuple(mask.shape)}; expected batch×height×width.",
            "Check the node that the mask comes from.",
            shape=tuple(mask.shape),
        )
    return mask.reshape(-1, 1, *mask.shape[-2:]).float().clamp(0, 1)


def common_batch(**counts: int) -> int:
    """How many results there will be: as many as the inputs hold, of which those with one item serve all.

    Raises ShapeError that names the numbers when they differ otherwise.
    """
    if len(set(counts.values()) - {1}) > 1:
        listed = ", ".join(f"{count} in {name}" for name, count in counts.items())
        raise ShapeError(
            f"The batches do not fit together: {listed}.",
            "Give each input one item for all, or equally many.",
            **counts,
        )
    return max(counts.values())


def portion(batch: Tensor, part: slice, count: int) -> Tensor:
    """Part of a batch of ``count``; a single item stands for all of them."""
    return batch.expand(count, *batch.shape[1:])[part]


def samples(pictures: Tensor, part: slice, count: int) -> Tensor:
    """Part of a batch of pictures as the core takes them: float32 in [0, 1], whatever the host's dtype."""
    return portion(pictures, part, count).float().clamp(0, 1)
