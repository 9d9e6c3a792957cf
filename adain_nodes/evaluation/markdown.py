"""Tables in Markdown."""

from collections.abc import Sequence


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others (numbers) to the right, all aligned in plain text too."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = [f"{'-' * (width - 1)}{'-' if index == 0 else ':'}" for index, width in enumerate(widths)]
    lines = [
        " | ".join(cell.ljust(width) if index == 0 else cell.rjust(width) for index, (cell, width) in enumerate(cells))
        for cells in (list(zip(line, widths, strict=True)) for line in (header, rule, *rows))
    ]
    return "\n".join(f"| {line} |" for line in lines)
