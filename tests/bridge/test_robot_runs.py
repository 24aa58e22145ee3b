from __future__ import annotations

import pytest

from lectern.bridge.runs import KeptRuns
from lectern.errors import PictureUnknown


def test_the_pictures_of_the_newest_runs_are_kept():
    runs = KeptRuns(max_runs=2, max_bytes=100)
    first, second, third = (runs.keep({"path": number}) for number in (b"1", b"2", b"3"))
    with pytest.raises(PictureUnknown, match=first):
        runs.picture(first, "path")
    assert [runs.picture(run, "path") for run in (second, third)] == [b"2", b"3"]


def test_the_oldest_runs_make_room_for_large_pictures():
    runs = KeptRuns(max_runs=10, max_bytes=100)
    first = runs.keep({"a": b"x" * 60})
    second = runs.keep({"a": b"y" * 30, "b": b"z" * 30})
    assert runs.size_bytes == 60
    assert runs.picture(second, "b") == b"z" * 30
    with pytest.raises(PictureUnknown):
        runs.picture(first, "a")


def test_a_run_that_is_too_large_by_itself_is_not_kept():
    runs = KeptRuns(max_runs=10, max_bytes=100)
    run = runs.keep({"a": b"x" * 101})
    assert runs.size_bytes == 0
    with pytest.raises(PictureUnknown, match="newest"):
        runs.picture(run, "a")


def test_a_picture_of_another_name_is_unknown():
    runs = KeptRuns(max_runs=1, max_bytes=100)
    with pytest.raises(PictureUnknown, match="'b'"):
        runs.picture(runs.keep({"a": b"x"}), "b")
