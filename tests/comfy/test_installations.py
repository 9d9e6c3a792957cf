"""The pack as users get it: from the registry's package and from a wheel. The other tests run it through a link."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("origin", ["registry_package", "site"], ids=["registry", "wheel"])
def test_the_pack_works(request, start_host, tmp_path, origin):
    folder, variables = request.getfixturevalue(origin), {}
    place = tmp_path / "custom_nodes" / "any-name"
    if origin == "site":
        variables["PYTHONPATH"] = str(folder)
        place.parent.mkdir()
        place.symlink_to(folder / "adain_nodes" / "_resources", target_is_directory=True)
    else:
        shutil.copytree(folder, place)
    with start_host(tmp_path, **variables) as host:
        assert "IMPORT FAILED" not in host.log.read_text()
        outcome = host.run(json.loads((ROOT / "examples" / "api" / "basic.json").read_text("utf-8")))
        assert outcome.end == "success", outcome.error
        assert outcome.pictures[0].shape == (512, 768, 3)
        assert outcome.pictures[0].std() > 10
        assert "basic" in json.loads(host.get("/workflow_templates"))["any-name"]
        assert "nodeDefs" in json.loads(host.get("/i18n"))["fr"]
        scripts = {f"/extensions/any-name/{file.name}" for file in (ROOT / "web" / "comfyui").glob("*.js")}
        assert scripts <= set(json.loads(host.get("/extensions")))


def test_this_host_is_one_that_the_pack_asks_for(host):
    (wanted,) = [
        line for line in (ROOT / "pyproject.toml").read_text("utf-8").splitlines() if "requires-comfyui" in line
    ]
    oldest = wanted.split('"')[1].removeprefix(">=")
    here = json.loads(host.get("/system_stats"))["system"]["comfyui_version"]
    assert Version(here) >= Version(oldest)
