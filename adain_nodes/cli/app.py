"""`adain app`: the web page."""

from __future__ import annotations

import signal
import time
from typing import Annotated

from adain_nodes.cli import options
from adain_nodes.cli.console import escape, explain_notes, out, waiting
from adain_nodes.core.errors import InvalidValueError

_SERVER = "Server"

Host = Annotated[
    str, options.option("--host", panel=_SERVER, help="The address to listen at; 0.0.0.0 is every network.")
]
Port = Annotated[int, options.option("--port", panel=_SERVER, help="The port to listen at.")]
Auth = Annotated[
    list[str],
    options.option("--auth", panel=_SERVER, metavar="USER:PASSWORD", help="Who may come in; give one for each."),
]
RootPath = Annotated[
    str, options.option("--root-path", panel=_SERVER, help="The path that a reverse proxy serves the page under.")
]
MaxUpload = Annotated[int, options.option("--max-upload", panel=_SERVER, help="Refuse larger files, in megabytes.")]


def app(
    host: Host = "127.0.0.1",
    port: Port = 7860,
    auth: Auth = [],  # noqa: B006 (Typer copies it)
    root_path: RootPath = "",
    max_upload: MaxUpload = 50,
    max_pixels: options.MaxPixels = 50_000_000,
    model: options.Model = "lite",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Open the web page, for this machine alone unless --host says otherwise. Needs no download and no account.

    On hosting it for others, see web/hosting.md.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended by a service manager, it cleans up as for Ctrl+C
    people = [_name_and_password(text) for text in auth]
    explain_notes()
    with waiting("Starting …"):
        from adain_nodes.app.server import serving
    settings = {"max_pixels": max_pixels, "model": model, "device": device, "dtype": dtype}
    with serving(
        host=host, port=port, auth=people, root_path=root_path, max_upload_mb=max_upload, **settings
    ) as address:
        out.print(f"AdaIN Nodes is at {escape(address)} (Ctrl+C ends it)", soft_wrap=True)
        while True:
            time.sleep(3600)


def _name_and_password(text: str) -> tuple[str, str]:
    name, _, password = text.partition(":")
    if not (name and password):
        raise InvalidValueError(
            "--auth takes a name and a password, with a colon between them.", "Write USER:PASSWORD."
        )
    return name, password
