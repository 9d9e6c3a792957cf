"""The nodes, listed in the order of their menu."""

from __future__ import annotations

from comfy_api.latest import ComfyExtension, io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy.adain import AdaIN
from adain_nodes.comfy.blend_features import BlendFeatures
from adain_nodes.comfy.blend_styles import BlendStyles
from adain_nodes.comfy.color_match import ColorMatch
from adain_nodes.comfy.decode import Decode
from adain_nodes.comfy.encode_content import EncodeContent
from adain_nodes.comfy.encode_style import EncodeStyle
from adain_nodes.comfy.feed_forward import FeedForwardNode
from adain_nodes.comfy.gatys import GatysNode
from adain_nodes.comfy.load_decoder import LoadDecoder
from adain_nodes.comfy.load_style import LoadStyle
from adain_nodes.comfy.load_vgg_encoder import LoadVGGEncoder
from adain_nodes.comfy.masked_adain import MaskedAdaIN
from adain_nodes.comfy.match_features import MatchFeatures
from adain_nodes.comfy.save_style import SaveStyle
from adain_nodes.comfy.style_swap import StyleSwap
from adain_nodes.comfy.style_transfer import StyleTransferNode
from adain_nodes.comfy.stylize_video import StylizeVideo
from adain_nodes.comfy.texture_synthesis import TextureSynthesis
from adain_nodes.comfy.train_decoder import TrainDecoder

NODES: list[type[io.ComfyNode]] = [
    StyleTransferNode,
    StylizeVideo,
    LoadVGGEncoder,
    LoadDecoder,
    EncodeContent,
    EncodeStyle,
    AdaIN,
    MaskedAdaIN,
    BlendStyles,
    Decode,
    ColorMatch,
    StyleSwap,
    MatchFeatures,
    BlendFeatures,
    FeedForwardNode,
    GatysNode,
    TextureSynthesis,
    SaveStyle,
    LoadStyle,
    TrainDecoder,
]


class AdaINExtension(ComfyExtension):
    """What the host asks for the nodes."""

    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        """All nodes of the pack."""
        return NODES
