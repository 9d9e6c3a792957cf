"""A node pack for the tests: pictures and masks in half precision, as hosts with fp16 intermediates hand them on."""

from comfy_api.latest import ComfyExtension, io


class HalfPrecision(io.ComfyNode):
    """IMAGE to float16."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return io.Schema(
            node_id="HalfPrecision", category="tests", inputs=[io.Image.Input("image")], outputs=[io.Image.Output()]
        )

    @classmethod
    def execute(cls, image) -> io.NodeOutput:
        return io.NodeOutput(image.half())


class HalfPrecisionExtension(ComfyExtension):
    async def get_node_list(self) -> list[type[io.ComfyNode]]:
        return [HalfPrecision]


async def comfy_entrypoint() -> HalfPrecisionExtension:
    return HalfPrecisionExtension()
