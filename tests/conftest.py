"""What all tests share: the real data, the settings of property tests, and the rule about skipping."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.real_data import DATA
from tests.servers.chat import ScriptedChat

settings.register_profile("pathlit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pathlit")

# Before anything imports torch: processes side by side must not wait for each other's threads.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# A busy machine must not change what tests find; the budget has tests of its own.
os.environ.setdefault("PATHLIT_RERANK_BUDGET_S", "600")

_FORBIDDEN_SKIPS = set(os.environ.get("PATHLIT_FORBID_SKIPS", "").split())
"""Markers whose tests must not skip on this machine; set where their parts are known to be installed."""


_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The whole README and the notebooks first: each is one long test, which the other process should not wait for."""
    items.sort(key=lambda item: item.path.parent != _HERE)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]
    marked = _FORBIDDEN_SKIPS & {marker.name for marker in item.iter_markers()}
    if report.skipped and marked:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped although this machine must run {', '.join(marked)} tests: {reason}"


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data; a test that asks for it skips where there is none."""
    if not DATA.is_dir():
        pytest.skip(f"needs the real data: set PATHLIT_DATA ({DATA} is no folder)")
    return DATA


@pytest.fixture
def chat_server() -> Iterator[ScriptedChat]:
    """An OpenAI-compatible server on loopback that replies as the test says."""
    with ScriptedChat() as chat:
        yield chat
