"""The server over HTTP: what programs get, and what nobody gets."""

from __future__ import annotations

import io
import json
import re
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.utils import Status
from PIL import Image

from adain_nodes.imaging import read_image, read_parameters, write_image
from adain_nodes.resources import resource

EXAMPLES = resource("examples", "pictures")
CASTLE, SWIRLS = EXAMPLES / "content" / "castle.jpg", EXAMPLES / "style" / "swirls.jpg"
ENDPOINTS = {
    *("/preview", "/stylise", "/blend_preview", "/blend", "/blend_grid"),
    *("/masks", "/regions_preview", "/regions", "/explore_strip", "/explore_grid", "/train", "/stop"),
    *("/video", "/live"),
}


@pytest.fixture(scope="module")
def client(connect, server):
    return connect(server.address)


def ask(server, endpoint, *values):
    """What an endpoint answers to raw values: "complete" or "error", and the data."""
    address = f"{server.address}gradio_api/call/{endpoint}"
    request = urllib.request.Request(
        address, json.dumps({"data": values}).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        event = json.load(reply)["event_id"]
    with urllib.request.urlopen(f"{address}/{event}", timeout=30) as reply:
        kind, data = re.findall(r"event: (complete|error)\ndata: (.*)\n", reply.read().decode())[-1]
    return kind, json.loads(data)


def status(server, path, data=None, kind="application/json"):
    """The HTTP status of an address."""
    request = urllib.request.Request(server.address + path, data, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return reply.status
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code


def file(path, **more):
    """A file as programs write it."""
    return {"path": str(path), "meta": {"_type": "gradio.FileData"}, **more}


SETTINGS = (1, "none", 0, 512, "lite")


def test_endpoints_keep_their_names_and_parameters(client):
    found = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert found.keys() == ENDPOINTS
    named = {name: [each["parameter_name"] for each in endpoint["parameters"]] for name, endpoint in found.items()}
    settings = ["alpha", "preserve_color", "size", "style_size", "model"]
    four = [f"{what}_{number}" for what in ("style", "weight") for number in (1, 2, 3, 4)]
    assert named["/preview"] == named["/stylise"] == ["photo", "style", *settings]
    assert named["/blend_preview"] == named["/blend"] == named["/blend_grid"] == ["photo", *four, *settings]
    pictures = ["photos", "photo_folder", "styles", "style_folder", "model", "judge"]
    assert named["/train"] == [*pictures, "steps", "batch", "crop", "style_weight", "learning_rate"]
    assert not re.search(r"https?://", json.dumps(found))


def test_example_on_the_page_works(server, tmp_path, monkeypatch, capsys):
    text = resource("web", "app", "api.md").read_text("utf-8")
    assert set(re.findall(r"`(/\w+)`", text)) == ENDPOINTS
    (code,) = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    for name, size in (("photo.jpg", (40, 48)), ("wave.jpg", (32, 32))):
        write_image(tmp_path / name, torch.rand(1, 3, *size))
    exec(compile(code.replace("http://127.0.0.1:7860", server.address), "api.md", "exec"), {})
    picture = capsys.readouterr().out.split("\n")[-2]
    assert read_image(picture).rgb.shape == (1, 3, 40, 48)
    assert read_parameters(picture)["alpha"] == 0.8
    assert read_parameters(picture)["content"] == "photo.jpg"


def test_beside_tabs_there_are_only_tabs(server):
    """Gradio's front end counts whatever else lies there, and shows one tab twice and another not at all."""
    with urllib.request.urlopen(f"{server.address}config", timeout=30) as reply:
        page = json.load(reply)
    kinds = {each["id"]: each["type"] for each in page["components"]}
    (tabs,) = (each for each in page["layout"]["children"] if kinds[each["id"]] == "tabs")
    assert {kinds[each["id"]] for each in tabs["children"]} == {"tabitem"}


def test_training_over_the_api(client, server, tmp_path):
    small = {"judge": "own", "steps": 10, "batch": 1, "crop": 64}
    for name in ("a.png", "b.png"):
        write_image(tmp_path / name, torch.rand(1, 3, 80, 80))
    files = {"photos": [handle_file(tmp_path / "a.png")], "styles": [handle_file(tmp_path / "b.png")]}
    job = client.submit(**files, **small, api_name="/train")
    *_, (said, curve, samples, model) = job.result(), job.outputs()[-1]
    assert said.startswith("Done. 10 steps")
    assert min(read_image(picture).rgb.shape[2:] for picture in (curve, samples)) > (100, 100)
    assert Path(model).suffix == ".safetensors"
    assert status(server, "gradio_api/file=/etc/passwd") == 403
    with pytest.raises(Exception, match="not in the list of choices"):
        client.predict(**small, photos=None, styles=None, photo_folder="/etc", api_name="/train")


def test_blend_and_its_grid(client):
    styles = {f"style_{n}": handle_file(path) for n, path in enumerate(sorted((EXAMPLES / "style").glob("*"))[:4], 1)}
    picture, _ = client.predict(photo=handle_file(CASTLE), **styles, weight_1=1, size=64, api_name="/blend")
    assert [weight for _, weight in read_parameters(picture)["styles"]] == [1, 0.25, 0.25, 0.25]
    sheet = client.predict(photo=handle_file(CASTLE), **styles, size=64, style_size=64, api_name="/blend_grid")
    assert read_image(sheet).rgb.shape[3] > 7 * 192


@pytest.mark.parametrize(
    "photo",
    [
        file("/etc/passwd"),
        file("../../../etc/passwd"),
        file(Path(__file__)),
        file("http://127.0.0.1:1/photo.png"),
        file("https://example.com/photo.png"),
        file("photo.png", url="data:image/png;base64,iVBORw0KGgo="),
    ],
)
def test_only_uploads_are_read(server, photo):
    for values in ((photo, file(SWIRLS), *SETTINGS), (file(CASTLE), file(SWIRLS), photo, *SETTINGS[1:])):
        kind, data = ask(server, "preview", *values)
        assert (kind, data["error"]) == ("error", "Only files that were uploaded are read. Upload the picture.")


@pytest.mark.parametrize("photo", ["/etc/passwd", "https://example.com/photo.png", 7, [file("/etc/passwd")]])
def test_what_is_no_file_at_all_gets_a_plain_answer(server, photo):
    kind, data = ask(server, "preview", photo, file(SWIRLS), *SETTINGS)
    assert kind == "error"
    assert data["error"].startswith(("Something went wrong on the server", "Only files that were uploaded"))


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        ((2, "none", 0, 512, "lite"), "Value 2 is greater than maximum value 1."),
        ((1, "all", 0, 512, "lite"), "Value: all is not in the list of choices"),
        ((1, "none", 0, 512, "/etc/passwd"), "Value: /etc/passwd is not in the list of choices"),
        ((1, "none", 4096, 512, "lite"), "above the limit of 4 megapixels"),
    ],
)
def test_settings_out_of_range_are_refused(server, settings, answer):
    kind, data = ask(server, "stylise", file(CASTLE), file(SWIRLS), *settings)
    assert kind == "error"
    assert answer in data["error"]


def upload(client, tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    return client.predict(photo=handle_file(tmp_path / name), style=handle_file(SWIRLS), size=64, api_name="/preview")


def test_a_file_that_is_no_picture_is_named_in_a_sentence(client, tmp_path):
    for data in (b"plain text", b"%!PS-Adobe-3.0 EPSF-3.0\n", b"<svg xmlns='http://www.w3.org/2000/svg'/>"):
        with pytest.raises(Exception, match=r"^photo\.png cannot be decoded: it is not a PNG.*save it again as PNG\.$"):
            upload(client, tmp_path, "photo.png", data)


def test_what_is_noted_of_uploads_is_not_logged(client, server, tmp_path):
    Image.effect_noise((40, 40), 90).convert("CMYK").save(tmp_path / "of-a-visitor.jpg")
    picture = handle_file(tmp_path / "of-a-visitor.jpg")
    client.predict(picture, picture, *SETTINGS, api_name="/stylise")
    assert "of-a-visitor" not in (server.folder / "log.txt").read_text()


def test_a_picture_of_too_many_pixels_is_refused_unopened(client, tmp_path):
    buffer = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(buffer, "PNG")
    with pytest.raises(Exception, match=r"photo\.png has 30000×30000 px, above the limit of 4 megapixels"):
        upload(client, tmp_path, "photo.png", buffer.getvalue())


def test_a_file_that_is_too_large_does_not_get_in(server, upload_status):
    assert upload_status(server.address, 2 << 20) == 413


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("gradio_api/file=/etc/passwd", 403),
        (f"gradio_api/file={Path(__file__)}", 403),
        ("gradio_api/file=https://example.com/", 403),
        ("gradio_api/proxy=https://example.com/", 400),
        ("gradio_api/runs", 404),
        ("gradio_api/vibe-code", 403),
        ("monitoring", 403),
        (f"gradio_api/file={CASTLE}", 200),
    ],
)
def test_addresses_that_a_visitor_may_try(server, path, expected):
    assert status(server, path) == expected


def test_nobody_gets_past_the_queue(server):
    values = json.dumps({"data": [file(CASTLE), file(SWIRLS), *SETTINGS]}).encode()
    assert status(server, "gradio_api/run/stylise", values) == 404


def test_visitors_at_once_get_their_own_pictures(connect, server, tmp_path):
    def visit(number):
        write_image(tmp_path / f"{number}.png", torch.full((1, 3, 40, 48 + number), number / 8))
        client = connect(server.address)
        photo = handle_file(tmp_path / f"{number}.png")
        results = [client.predict(photo=photo, style=handle_file(SWIRLS), alpha=a, api_name="/stylise") for a in (0, 1)]
        return [read_parameters(png)["content"] for png, _ in results], [
            read_image(png).rgb.shape for png, _ in results
        ]

    with ThreadPoolExecutor(4) as pool:
        for number, (contents, shapes) in enumerate(pool.map(visit, range(4))):
            assert contents == [f"{number}.png"] * 2
            assert shapes == [(1, 3, 40, 48 + number)] * 2


def test_cancelled_work_frees_the_lane(connect, server, tmp_path):
    write_image(tmp_path / "large.jpg", torch.rand(1, 3, 700, 1800), quality=20)
    client = connect(server.address)
    large = {"photo": handle_file(tmp_path / "large.jpg"), "style": handle_file(SWIRLS), "api_name": "/stylise"}
    started = time.perf_counter()
    client.predict(**large)
    whole = time.perf_counter() - started
    job = client.submit(**large | {"alpha": 0.5})
    while job.status().code not in (Status.PROCESSING, Status.FINISHED):
        time.sleep(0.01)
    assert not job.done()
    job.cancel()
    started = time.perf_counter()
    connect(server.address).predict(
        photo=handle_file(CASTLE), style=handle_file(SWIRLS), size=64, style_size=64, api_name="/preview"
    )
    assert time.perf_counter() - started < 0.8 * whole


def test_names_and_passwords(start, connect):
    guarded = start("--auth", "ann:secret", "--auth", "bob:word")
    assert status(guarded, "config") == 401
    with pytest.raises(Exception, match="Could not login"):
        Client(guarded.address, auth=("ann", "wrong"), verbose=False)
    assert Client(guarded.address, auth=("bob", "word"), verbose=False).endpoints
