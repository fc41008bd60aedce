"""One pace for all who ask a host: no second at the host sees more requests than there are tokens."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from indexing.entrez.pace import WINDOW, Pace
from retrieval.errors import ConfigurationError


class Clock:
    """Time that passes when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pace(folder: Path, clock: Clock, per_second: int = 3) -> Pace:
    return Pace("ncbi.example", per_second, folder=folder, clock=clock, sleep=clock.sleep)


def busiest_second(times: list[float]) -> int:
    return max(sum(1 for other in times if start <= other < start + 1) for start in times)


def test_three_at_once_then_three_a_second(tmp_path: Path, clock: Clock) -> None:
    limited, times = pace(tmp_path, clock), []
    for _ in range(30):
        with limited.token():
            times.append(clock.now)
    assert times[:3] == [1000.0, 1000.0, 1000.0]
    assert busiest_second(times) == 3
    assert times[-1] - times[0] == pytest.approx(9.0, abs=0.5)


def test_a_request_held_up_on_its_way_cannot_meet_later_ones(tmp_path: Path, clock: Clock) -> None:
    limited, arrivals = pace(tmp_path, clock), []
    for delay in (0.9, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.7, 0.0):
        with limited.token():
            clock.now += delay
            arrivals.append(clock.now)
    assert busiest_second(arrivals) <= 3


def test_two_who_share_a_bucket_share_its_tokens(tmp_path: Path, clock: Clock) -> None:
    one, other, times = pace(tmp_path, clock), pace(tmp_path, clock), []
    for number in range(12):
        with (one if number % 2 else other).token():
            times.append(clock.now)
    assert busiest_second(times) == 3


def test_with_a_key_ten_a_second_beside_which_three_are_left_to_others(tmp_path: Path, clock: Clock) -> None:
    with_key, without, times = pace(tmp_path, clock, 10), pace(tmp_path, clock, 3), []
    for number in range(40):
        with (without if number % 5 == 0 else with_key).token():
            times.append(clock.now)
    assert busiest_second(times) == 10


def test_a_token_comes_back_when_its_request_fails(tmp_path: Path, clock: Clock) -> None:
    limited = pace(tmp_path, clock, 1)
    for _ in range(2):
        with pytest.raises(OSError, match="reset"), limited.token():
            raise OSError("reset")
    assert clock.now == pytest.approx(1000.0 + WINDOW, abs=0.1)


def test_the_token_of_a_killed_process_comes_back(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\nfrom pathlib import Path\nfrom indexing.entrez.pace import Pace\n"
        "with Pace('ncbi.example', 1, folder=Path(sys.argv[1])).token(): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"PYTHONPATH": "."},
        check=False,
    )
    start = time.monotonic()
    with Pace("ncbi.example", 1, folder=tmp_path).token():
        assert 0.9 < time.monotonic() - start < 20


def test_a_bucket_of_before_the_machine_started_anew_holds_nobody_up(tmp_path: Path, clock: Clock) -> None:
    clock.now = 9_000_000.0
    with pace(tmp_path, clock, 1).token():
        pass
    clock.now = 5.0
    with pace(tmp_path, clock, 1).token():
        assert clock.now == 5.0


def test_threads_of_one_process_keep_the_pace_together(tmp_path: Path) -> None:
    limited, times = Pace("ncbi.example", 10, folder=tmp_path), []

    def ask() -> None:
        for _ in range(5):
            with limited.token():
                times.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 25
    assert busiest_second(times) <= 10


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigurationError, match=r"file/pace cannot be made: .*; set TMPDIR"),
        Pace("ncbi.example", 1, folder=tmp_path / "file" / "pace").token(),
    ):
        pass
