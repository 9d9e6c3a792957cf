from __future__ import annotations

import math
from pathlib import Path

from adain_nodes.training.history import COLUMNS, History


def written(path: Path, steps: int) -> History:
    with History(path).appending(0) as history:
        for step in range(1, steps + 1):
            history.add(step, {"total": step / 3, "content": 0.25, "gradient": 7.0})
    return history


def test_rows(tmp_path: Path) -> None:
    history = written(tmp_path / "history.csv", 2)
    assert (tmp_path / "history.csv").read_text().splitlines() == [
        "step,total,content,style,variation,reconstruction,noise,halo,teacher,gradient",
        "1,0.333333333,0.25,,,,,,,7",
        "2,0.666666667,0.25,,,,,,,7",
    ]
    assert len(history) == 2
    assert history.losses["content"] == [0.25, 0.25]
    assert all(map(math.isnan, history.losses["style"]))
    assert history.last == {"total": 2 / 3, "content": 0.25, "gradient": 7.0}
    assert History(tmp_path / "other.csv").last == {}


def test_resuming_drops_what_came_after_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    written(path, 5)
    whole = path.read_text()
    path.write_text(whole[:-9])  # killed in the middle of the last line
    with History(path).appending(3) as history:
        assert len(history) == 3
        for step in (4, 5):
            history.add(step, {"total": step / 3, "content": 0.25, "gradient": 7.0})
    assert path.read_text() == whole
    assert len(history) == 5


def test_half_a_line_is_no_earlier_step(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    written(path, 12)
    path.write_text(path.read_text() + "1")  # step 13, cut short
    with History(path).appending(12) as history:
        assert len(history) == 12


def test_a_new_run_starts_over_and_a_lost_file_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    written(path, 5)
    with History(path).appending(0) as history:
        assert len(history) == 0
    assert path.read_text() == ",".join(COLUMNS) + "\n"
    path.unlink()
    with History(path).appending(4) as history:
        assert len(history) == 0


def test_kept_in_memory_alone(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    written(path, 5)
    before = path.read_text()
    with History(path).appending(3, write=False) as history:
        history.add(4, {"total": 7.0})
    assert len(history) == 4
    assert history.losses["total"][-1] == 7.0
    assert path.read_text() == before


def test_a_run_of_an_older_version_goes_on_with_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    path.write_text("step,total,noise,gradient\n1,0.5,0.25,7\n2,0.75,0.125,8\n")
    with History(path).appending(2) as history:
        assert history.last == {"total": 0.75, "noise": 0.125, "gradient": 8.0}
    assert path.read_text().splitlines()[1:] == ["1,0.5,,,,,0.25,,,7", "2,0.75,,,,,0.125,,,8"]
