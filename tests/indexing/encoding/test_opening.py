"""Settings decide who encodes."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexing.encoding.opening import open_runner
from indexing.encoding.ray_runner import RayRunner
from indexing.encoding.recipe import EncoderRecipe
from indexing.encoding.runner import LocalRunner
from indexing.encoding.settings import RaySettings

RECIPE = EncoderRecipe("any")


def exchange_of(settings: RaySettings, home: Path) -> str:
    runner = open_runner(settings, home, RECIPE)
    assert isinstance(runner, RayRunner)
    return runner.exchange.url


def test_without_an_address_this_process_encodes(tmp_path: Path) -> None:
    assert isinstance(open_runner(RaySettings(), tmp_path, RECIPE), LocalRunner)


def test_the_exchange_folder_is_in_the_home_folder_unless_named(tmp_path: Path) -> None:
    assert exchange_of(RaySettings(address="local"), tmp_path) == str(tmp_path / "encoding")


def test_home_folders_that_share_an_exchange_folder_have_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for url, expected in (("s3://bucket/x/", "s3://bucket/x/pathlit-"), ("shared", f"{tmp_path}/shared/pathlit-")):
        found = {exchange_of(RaySettings(address="auto", exchange=url), tmp_path / home) for home in ("a", "b")}
        assert len(found) == 2
        assert all(one.startswith(expected) for one in found)
