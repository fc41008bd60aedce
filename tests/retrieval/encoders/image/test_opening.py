"""Which class reads which image encoder."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from retrieval.encoders.image.clip import ClipEncoder
from retrieval.encoders.image.opening import open_image_encoder


def test_opening_loads_nothing() -> None:
    assert isinstance(open_image_encoder("PathCLIP"), ClipEncoder)
    assert isinstance(open_image_encoder("no/such-model", revision="abc", sha256="0" * 64), ClipEncoder)


def test_a_folder_with_an_adapter_is_opened_as_an_adapted_encoder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class AdaptedEncoder:
        def __init__(self, folder: Path) -> None:
            self.folder = folder

    module = ModuleType("retrieval.encoders.image.adapted")
    module.AdaptedEncoder = AdaptedEncoder  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    (tmp_path / "adapter.toml").write_text("")
    opened = open_image_encoder(str(tmp_path))
    assert isinstance(opened, AdaptedEncoder)
    assert opened.folder == tmp_path
