"""The vectors that a model gave when it was first loaded, and those that it gives later."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from retrieval.checksums import sha256_of
from retrieval.encoders.image.audit import audit
from retrieval.encoders.image.network import load_network
from retrieval.encoders.image.probe import distance, kept_probe, place_of, probe_image
from retrieval.encoders.image.source import Source, find_source
from tests.retrieval.encoders.image.checkpoints import describe, random_weights, save, save_folder, tiny
from tests.retrieval.encoders.image.test_audit import KNOWN, audited, failing


@pytest.mark.parametrize(
    "changed", [{"mean": [0.5, 0.5, 0.5]}, {"interpolation": "bilinear"}, {"resize_mode": "squash"}]
)
def test_a_later_load_with_other_preprocessing_is_refused(tmp_path: Path, changed: dict[str, object]) -> None:
    folder = save_folder(tmp_path / "a")
    assert not audited(folder).failed
    describe(folder, tiny(), **changed)
    assert failing(audited(folder)) == ["probe"]


def test_two_loads_of_one_model_give_one_probe(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        folder = save_folder(tmp_path / name)
        audited(folder)
        path = folder / "open_clip_model.safetensors"
        found.append(kept_probe(path, sha256_of(path)))
    assert found[0] is not None
    assert found[1] is not None
    assert distance(found[0], found[1]) == pytest.approx(0, abs=1e-9)


def test_other_weights_of_the_same_name_are_probed_anew(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "a")
    audited(folder)
    save(random_weights(seed=5), folder / "open_clip_model.safetensors")
    assert not audited(folder).failed
    assert json.loads(place_of(folder / "open_clip_model.safetensors").read_bytes())["weights"] == sha256_of(
        folder / "open_clip_model.safetensors"
    )


def test_a_damaged_probe_is_as_none(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "a")
    place_of(folder / "open_clip_model.safetensors").write_bytes(b"{")
    assert not audited(folder).failed


def test_a_folder_that_cannot_be_written_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object) -> int:
        raise OSError(30, os.strerror(30))

    folder = save_folder(tmp_path / "a")
    monkeypatch.setattr(Path, "write_bytes", read_only)
    assert not audited(folder).failed
    assert sorted(path.name for path in folder.iterdir()) == ["open_clip_config.json", "open_clip_model.safetensors"]


def test_the_probe_images_never_change() -> None:
    image = probe_image()
    assert image.shape == (240, 320, 3)
    assert image[0, 0].tolist() == [236, 168, 200]
    assert int(image.astype(np.int64).sum()) == 29_318_290
    assert not np.array_equal(image, probe_image(turned=True))


def test_a_model_that_failed_leaves_no_probe(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "a")
    audited(folder, KNOWN)
    assert not place_of(folder / "open_clip_model.safetensors").exists()


def test_a_model_in_a_cache_of_the_hub_gets_no_probe(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "a")
    source: Source = find_source(str(folder), None)._replace(own=False)
    assert not audit(source, load_network(source), "0" * 64).failed
    assert not place_of(source.weights).exists()


def test_a_model_folder_copied_with_its_probe_is_checked_elsewhere_as_well(tmp_path: Path) -> None:
    folder = save_folder(tmp_path / "a")
    audited(folder)
    copied = Path(shutil.copytree(folder, tmp_path / "b"))
    describe(copied, tiny(quick_gelu=True))
    assert failing(audited(copied)) == ["probe"]
