"""Pictures in and out: files and PIL images to tensors and back."""

from adain_nodes.imaging.files import find_images, read_bytes
from adain_nodes.imaging.parameters import read_parameters
from adain_nodes.imaging.reading import MAX_PIXELS, Picture, Source, read_image, read_mask, read_square
from adain_nodes.imaging.sheet import contact_sheet
from adain_nodes.imaging.tensors import resize, to_array, to_pil, to_tensor
from adain_nodes.imaging.writing import OUTPUT_FORMATS, write_image

__all__ = [
    "MAX_PIXELS",
    "OUTPUT_FORMATS",
    "Picture",
    "Source",
    "contact_sheet",
    "find_images",
    "read_bytes",
    "read_image",
    "read_mask",
    "read_parameters",
    "read_square",
    "resize",
    "to_array",
    "to_pil",
    "to_tensor",
    "write_image",
]
