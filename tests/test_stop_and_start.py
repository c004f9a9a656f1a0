"""A program that is stopped and started again at once; its class comes back by itself.

The whole of it, 50 times with 30 clients, is a command: ``python3 -m tests.rigs.stop_and_start``.
"""

from __future__ import annotations

import pytest

from tests.rigs.stop_and_start import WAYS, Lesson


@pytest.mark.parametrize("way", WAYS)
def test_a_class_comes_back_after_each_way_of_stopping(tmp_path, way: str) -> None:
    lesson = Lesson(tmp_path, pupils=6)
    try:
        restarts = [lesson.restart(way) for _ in range(3)]
    finally:
        lesson.close()
    codes = {code for restart in restarts for code in restart.codes}
    assert codes == {1006} if way == "SIGKILL" else codes <= {1001, 1012}
    assert sum(sum(restart.codes.values()) for restart in restarts) >= 18
