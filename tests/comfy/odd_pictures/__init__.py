"""A node pack for the tests: pictures as no example has them."""

from comfy_api.latest import ComfyExtension, io


class HalfPrecision(io.ComfyNode):
    """IMAGE to float16, as hosts with such intermediates hand it on."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HalfPrecision", category="tests", inputs=[io.Image.Input("image")], outputs=[io.Image.Output()]
        )

    @classmethod
    def execute(cls, image) -> io.NodeOutput:
        return io.NodeOutput(image.half())


class EmptyBatch(io.ComfyNode):
    """IMAGE to none of its pictures, as nodes that select some may leave it."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="EmptyBatch", category="tests", inputs=[io.Image.Input("image")], outputs=[io.Image.Output()]
        )

    @classmethod
    def execute(cls, image) -> io.NodeOutput:
        return io.NodeOutput(image[:0])


class OddPicturesExtension(ComfyExtension):
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [HalfPrecision, EmptyBatch]


async def comfy_entrypoint() -> OddPicturesExtension:
    return OddPicturesExtension()
