"""The translations: English is what the nodes say, the others have the same keys, and the host serves them all."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCALES = ROOT / "locales"
LANGUAGES = sorted(folder.name for folder in LOCALES.iterdir())
OFFERED = {"en", "zh", "zh-TW", "ru", "ja", "ko", "fr", "es", "ar"}
"""What the front end 1.27 offers in its settings."""

others = pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])


def read(language: str, file: str) -> dict[str, Any]:
    return json.loads((LOCALES / language / f"{file}.json").read_text("utf-8"))


def leaves(tree: dict[str, Any], path: str = "") -> dict[str, str]:
    """Texts by the path of their keys."""
    found: dict[str, str] = {}
    for key, value in tree.items():
        found |= leaves(value, f"{path}/{key}") if isinstance(value, dict) else {f"{path}/{key}": value}
    return found


def english(node: dict[str, Any]) -> dict[str, Any]:
    """What nodeDefs.json has to hold of a node of the host, for which inputs are called what they are in prompts."""
    specs = {name: spec for group in ("required", "optional") for name, spec in node["input"].get(group, {}).items()}
    outputs = zip(node["output_name"], node["output_tooltips"], strict=True)
    return {
        "display_name": node["display_name"],
        "description": node["description"],
        "inputs": {name: {"name": name, "tooltip": spec[1]["tooltip"]} for name, spec in specs.items()},
        "outputs": {str(i): {"name": name, "tooltip": tooltip} for i, (name, tooltip) in enumerate(outputs)},
    }


def test_there_are_languages_that_the_front_end_offers():
    assert {"en", "zh", "fr", "ja"} <= set(LANGUAGES) <= OFFERED


def test_english_is_what_the_nodes_say(host, tmp_path):
    nodes = json.loads(host.get("/object_info"))
    said = {name: english(node) for name, node in nodes.items() if name.startswith("AdaIN_")}
    wanted = tmp_path / "nodeDefs.json"
    wanted.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", "utf-8")
    assert read("en", "nodeDefs") == said, f"{wanted} is what it should be; then bring the translations up to date"


@others
@pytest.mark.parametrize("file", ["nodeDefs", "commands"])
def test_a_translation_has_every_text(language, file):
    texts, source = leaves(read(language, file)), leaves(read("en", file))
    assert list(texts) == list(source)
    assert all(text.strip() for text in texts.values())


@others
def test_long_texts_are_translated_and_names_in_them_kept(language):
    texts, source = leaves(read(language, "nodeDefs")), leaves(read("en", "nodeDefs"))
    for key, text in source.items():
        if len(text) > 30:
            assert texts[key] != text, key
        names = re.findall(r"`[^`]+`|models/\w+|output/\w+|\bcoral\b|\blite\b|\d+", text)
        assert set(names) <= set(re.findall(r"`[^`]+`|models/\w+|output/\w+|coral|lite|\d+", texts[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_syntax_to_the_front_end(language):
    """Its messages may hold placeholders, links and plurals, which these are not meant to."""
    for file in ("nodeDefs", "commands"):
        assert not [key for key, text in leaves(read(language, file)).items() if re.search(r"[{}@|$]", text)]


def test_commands_are_those_of_the_extension():
    script = (ROOT / "web" / "comfyui" / "compare.js").read_text("utf-8")
    ((key, texts),) = read("en", "commands").items()
    assert f'COMMAND = "{key.replace("_", ".")}"' in script
    assert f'label: "{texts["label"]}"' in script


def test_the_host_serves_them(host):
    served = json.loads(host.get("/i18n"))
    for language in LANGUAGES:
        for file in ("nodeDefs", "commands"):
            assert served[language][file] == read(language, file)
