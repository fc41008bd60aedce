"""A run as a process of its own, and signals that reach it. Real processes, real signals, the real clock."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexing.child import Child, StopSignals, WallClock
from indexing.schedule import CANNOT_START

READY = "import pathlib, signal, subprocess, sys, time; ready = pathlib.Path(sys.argv[1]); "


@pytest.fixture
def signals() -> Iterator[StopSignals]:
    caught = StopSignals()
    caught.catch()
    yield caught
    caught.release()


@pytest.fixture
def send_when(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Sends this process signals once a file appears, each after a pause."""
    senders: list[threading.Thread] = []

    def send(file: Path, *numbers: signal.Signals) -> None:
        def wait() -> None:
            deadline = time.monotonic() + 60
            while not file.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            for number in numbers:
                os.kill(os.getpid(), number)
                time.sleep(0.1)

        senders.append(threading.Thread(target=wait))
        senders[-1].start()

    yield send
    for sender in senders:
        sender.join()


def python(code: str, *words: str | Path) -> list[str]:
    return [sys.executable, "-c", code, *map(str, words)]


def test_the_exit_code_comes_back(signals: StopSignals) -> None:
    assert Child(python("raise SystemExit(4)"), signals)() == 4
    assert Child(python("pass"), signals)() == 0


def test_a_run_that_crashes_or_is_killed_is_a_code_like_any_other(signals: StopSignals) -> None:
    assert Child(python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), signals)() == -signal.SIGKILL
    assert Child(python("raise RuntimeError"), signals)() == 1


def test_both_outputs_are_passed_through(signals: StopSignals, capfd: pytest.CaptureFixture[str]) -> None:
    Child(python("import sys; print('12 articles'); print('a warning', file=sys.stderr)"), signals)()
    said = capfd.readouterr()
    assert (said.out, said.err) == ("12 articles\n", "a warning\n")


def test_what_cannot_be_started_is_said_and_has_its_code(
    signals: StopSignals, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = str(tmp_path / "no-such-program")
    assert Child([missing], signals)() == CANNOT_START
    assert caplog.messages == [f"{missing} cannot be started: No such file or directory"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on_and_the_run_ends_in_its_own_way(
    signals: StopSignals, send_when: Callable[..., None], tmp_path: Path, number: signal.Signals
) -> None:
    ready = tmp_path / "ready"
    code = READY + "signal.signal(int(sys.argv[2]), lambda *_: sys.exit(7)); ready.touch(); time.sleep(60)"
    send_when(ready, number)
    assert Child(python(code, ready, str(int(number))), signals)() == 7
    assert signals.received == number


def test_a_second_signal_is_passed_on_too_and_the_first_one_counts(
    signals: StopSignals, send_when: Callable[..., None], tmp_path: Path
) -> None:
    ready = tmp_path / "ready"
    code = READY + "signal.signal(signal.SIGINT, signal.SIG_IGN); ready.touch(); time.sleep(60)"
    send_when(ready, signal.SIGINT, signal.SIGTERM)
    assert Child(python(code, ready), signals)() == -signal.SIGTERM
    assert signals.received == signal.SIGINT


def test_a_run_that_does_not_end_is_killed_with_all_that_it_started(
    signals: StopSignals,
    send_when: Callable[..., None],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ready, alive = tmp_path / "ready", tmp_path / "alive"
    sleeper = "import pathlib, sys, time\nwhile True: pathlib.Path(sys.argv[1]).touch(); time.sleep(0.01)"
    code = (
        READY + "signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "subprocess.Popen([sys.executable, '-c', sys.argv[2], sys.argv[3]]); ready.touch(); time.sleep(60)"
    )
    send_when(ready, signal.SIGTERM)
    begun = time.monotonic()
    assert Child(python(code, ready, sleeper, alive), signals, grace_s=1.0)() == -signal.SIGKILL
    assert 1.0 <= time.monotonic() - begun < 50
    assert caplog.messages == ["the run has not ended within 1 s and is killed"]
    time.sleep(0.5)
    alive.unlink(missing_ok=True)
    time.sleep(2)
    assert not alive.exists()


def test_a_signal_between_runs_ends_the_wait(
    signals: StopSignals, send_when: Callable[..., None], tmp_path: Path
) -> None:
    clock = WallClock(signals)
    send_when(tmp_path, signal.SIGTERM)
    assert clock.wait_until(clock.now() + timedelta(hours=10)) is False
    assert clock.wait_until(clock.now() - timedelta(hours=10)) is False


def test_the_clock_waits_until_the_moment_and_not_at_all_for_a_past_one(signals: StopSignals) -> None:
    clock = WallClock(signals)
    moment = clock.now() + timedelta(seconds=0.3)
    assert clock.wait_until(moment) is True
    assert clock.now() >= moment
    assert clock.wait_until(datetime(2026, 1, 1, tzinfo=UTC)) is True


def test_a_run_leaves_nothing_that_ends_the_next_wait(signals: StopSignals) -> None:
    assert Child(python("pass"), signals)() == 0
    with pytest.raises(TimeoutError):
        signals.next(0.2)


def test_the_handlers_from_before_come_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    caught = StopSignals()
    caught.catch()
    caught.release()
    assert signal.getsignal(signal.SIGTERM) is before
