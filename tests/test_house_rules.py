"""Rules of the house that no linter checks."""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = sorted((ROOT / "adain_nodes").rglob("*.py"))
ALL = PACKAGE + sorted(file for folder in ("tests", "examples") for file in (ROOT / folder).rglob("*.py"))

LINES_A_FILE = 300
LINES_A_FUNCTION = 50

FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef


def long_functions(tree: ast.Module) -> list[str]:
    """Names and lengths of functions that are too long."""
    functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTIONS)]
    lengths = {f"{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1 for node in functions}
    return [f"{name}: {length} lines" for name, length in lengths.items() if length > LINES_A_FUNCTION]


def swallowed(tree: ast.Module) -> list[int]:
    """Lines of handlers that catch everything by saying nothing, or that do nothing about what they caught."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or all(isinstance(step, ast.Pass) or is_ellipsis(step) for step in node.body))
    ]


def is_ellipsis(step: ast.stmt) -> bool:
    return isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant) and step.value.value is ...


def undocumented(node: ast.Module | ast.ClassDef, name: str = "module") -> Iterator[str]:
    """The module, and every public class, function and method, that has no docstring."""
    if ast.get_docstring(node) is None:
        yield name
    for child in node.body:
        if isinstance(child, ast.ClassDef | FUNCTIONS) and not child.name.startswith("_"):
            if isinstance(child, ast.ClassDef):
                yield from undocumented(child, child.name)
            elif ast.get_docstring(child) is None and not is_overload(child):
                yield f"{name}.{child.name}"


def is_overload(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(isinstance(d, ast.Name) and d.id == "overload" for d in function.decorator_list)


def parsed(file: Path) -> ast.Module:
    """The file's syntax tree. Python 3.11's parser fails when the collector calls somebody (hypothesis) meanwhile."""
    gc.disable()
    try:
        return ast.parse(file.read_text("utf-8"))
    finally:
        gc.enable()


def findings(files: list[Path], rule: Callable[[ast.Module], Iterable[object]]) -> list[str]:
    return [f"{file.relative_to(ROOT)}: {found}" for file in files for found in rule(parsed(file))]


def test_files_are_short():
    lengths = {file.relative_to(ROOT): len(file.read_text("utf-8").splitlines()) for file in ALL}
    assert not {str(file): length for file, length in lengths.items() if length > LINES_A_FILE}


def test_functions_are_short():
    assert not findings(ALL, long_functions)


def test_nothing_is_swallowed():
    assert not findings(ALL, swallowed)


def test_everything_public_is_documented():
    assert not findings(PACKAGE, undocumented)


@pytest.mark.parametrize(
    "handler",
    ["except:\n    raise", "except OSError:\n    pass", "except OSError:\n    ...", "except Exception:\n    pass"],
)
def test_a_swallowed_exception_is_seen(handler):
    assert swallowed(ast.parse(f"try:\n    act()\n{handler}")) == [3]
    assert not swallowed(ast.parse("try:\n    act()\nexcept OSError as error:\n    report(error)"))


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_long_function_is_seen(kind):
    body = "    act()\n" * (LINES_A_FUNCTION - 1)
    assert not long_functions(ast.parse(f"{kind} act():\n{body}"))
    assert long_functions(ast.parse(f"{kind} act():\n{body}    act()")) == ["1 act: 51 lines"]


def test_a_missing_docstring_is_seen():
    source = '"""Here."""\ndef a(): ...\ndef _b(): ...\nclass C:\n    def d(self): ...\n    def _e(self): ...\n'
    assert list(undocumented(ast.parse(source))) == ["module.a", "C", "C.d"]
    assert list(undocumented(ast.parse("x = 1"))) == ["module"]
