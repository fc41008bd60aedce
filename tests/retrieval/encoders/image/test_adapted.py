"""Adapters on disk and as image encoders: vectors of length 1, and nothing is read that was made for something else."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from safetensors.numpy import load_file, save_file

from retrieval.encoders.image.adapted import AdaptedEncoder
from retrieval.encoders.image.adapter_files import (
    WEIGHTS,
    AdapterRecord,
    AdapterWeights,
    read_adapter,
    write_adapter,
)
from retrieval.encoders.image.backbones import HistologyBackbone
from retrieval.encoders.image.base import NOTHING
from retrieval.encoders.image.opening import open_image_encoder
from retrieval.encoders.matryoshka import unit
from retrieval.encoders.text import TextEncoder
from retrieval.errors import ConfigurationError
from retrieval.image.histology.features import names
from retrieval.image.picture import Pixels
from tests.retrieval.encoders.checkpoints import HIDDEN, save_sentence_model
from tests.retrieval.image.test_gate import tissue

CAPTIONS = ("lung", "colon")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "text"
    save_sentence_model(folder)
    return folder


@pytest.fixture
def record(text: Path) -> AdapterRecord:
    return AdapterRecord(
        backbone="histology",
        backbone_id=HistologyBackbone().id,
        text_encoder=str(text),
        text_encoder_id=TextEncoder(str(text)).spec.id,
        temperature=2.0,
        logit_scale=12.5,
        familiar=1e9,
        licence="MIT",
        captions=CAPTIONS,
        images=20,
        made_by='pathlit train "image-adapter"\t\x7f',
        measured={"accuracy": 0.95},
    )


@pytest.fixture
def weights(text: Path) -> AdapterWeights:
    """The redder an image, the more it is lung."""
    width = len(names())
    projection = np.zeros((width, 2), dtype=np.float32)
    projection[names().index("green-red.mean")] = (4, -4)
    return AdapterWeights(
        mean=np.zeros(width, dtype=np.float32),
        deviation=np.full(width, 20, dtype=np.float32),
        projection=projection,
        bias=np.array([-4, 4], dtype=np.float32),
        precision=np.eye(width, dtype=np.float32),
        captions=unit(TextEncoder(str(text)).encode_queries(CAPTIONS)),
    )


@pytest.fixture
def folder(tmp_path: Path, record: AdapterRecord, weights: AdapterWeights) -> Path:
    write_adapter(tmp_path / "mine", record, weights)
    return tmp_path / "mine"


def pictures() -> list[Pixels]:
    red, grey = tissue(48, 48), tissue(48, 48)
    grey[...] = grey.mean(axis=-1, keepdims=True)
    return [red, grey]


def test_a_folder_is_read_as_it_was_written(folder: Path, record: AdapterRecord, weights: AdapterWeights) -> None:
    found, tensors = read_adapter(folder)
    assert found == record
    assert all(np.array_equal(one, other) for one, other in zip(tensors, weights, strict=True))


def test_others_may_read_the_weights(folder: Path) -> None:
    assert (folder / WEIGHTS).stat().st_mode & 0o777 == (folder / "adapter.toml").stat().st_mode & 0o777


def test_it_is_an_image_encoder_into_the_space_of_its_text_encoder(folder: Path) -> None:
    encoder = open_image_encoder(str(folder))
    assert isinstance(encoder, AdaptedEncoder)
    assert encoder.spec.name == "adapter:mine"
    assert (encoder.spec.dimension, encoder.spec.licence, encoder.logit_scale) == (HIDDEN, "MIT", 12.5)
    seen, asked = encoder.encode_images(pictures()), encoder.encode_texts(CAPTIONS)
    for vectors in (seen, asked):
        assert vectors.shape == (2, HIDDEN)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-5)
    assert (seen @ asked.T).argmax(axis=1).tolist() == [0, 1]


def test_no_images_are_no_vectors(folder: Path) -> None:
    assert AdaptedEncoder(folder).encode_images([]).shape == (0, HIDDEN)


def test_many_images_have_the_vectors_that_each_has_alone(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.encoders.image.adapted._AT_ONCE", 2)
    encoder = AdaptedEncoder(folder)
    images = [*pictures(), *pictures(), pictures()[0]]
    alone = np.concatenate([encoder.encode_images([image]) for image in images])
    assert encoder.encode_images(images) == pytest.approx(alone, abs=1e-6)


def test_an_image_like_none_of_the_training_is_a_sure_case_of_nothing(
    tmp_path: Path, record: AdapterRecord, weights: AdapterWeights
) -> None:
    write_adapter(tmp_path / "strange", msgspec.structs.replace(record, familiar=1e-3), weights)
    encoder = AdaptedEncoder(tmp_path / "strange")
    nothing = unit(encoder.encode_texts(NOTHING).mean(axis=0, keepdims=True))
    assert encoder.encode_images(pictures()) == pytest.approx(np.repeat(nothing, 2, axis=0), abs=1e-5)


def test_threads_share_an_encoder(folder: Path) -> None:
    encoder, images = AdaptedEncoder(folder), pictures()
    expected = AdaptedEncoder(folder).encode_images(images)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(encoder.encode_images, [images] * 8))
    assert all(np.array_equal(one, expected) for one in found)


def test_other_weights_have_another_id(
    folder: Path, tmp_path: Path, record: AdapterRecord, weights: AdapterWeights
) -> None:
    write_adapter(tmp_path / "other" / "mine", record, weights._replace(bias=weights.bias + 1))
    one, other = (AdaptedEncoder(place).spec for place in (folder, tmp_path / "other" / "mine"))
    assert one.id != other.id


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"backbone_id": "histology@0"}, "trained with the backbone histology@0, here is histology@"),
        ({"text_encoder_id": "text@0"}, "trained with the text encoder text@0, here is text@"),
    ],
)
def test_another_backbone_or_text_encoder_is_refused(
    tmp_path: Path, record: AdapterRecord, weights: AdapterWeights, changed: dict[str, str], said: str
) -> None:
    write_adapter(tmp_path / "mine", msgspec.structs.replace(record, **changed), weights)
    encoder = AdaptedEncoder(tmp_path / "mine")
    use = encoder.encode_images if "backbone_id" in changed else lambda _: encoder.encode_texts(CAPTIONS)
    with pytest.raises(ConfigurationError, match=f"{said}.*; train it again"):
        use(pictures())


Break = Callable[[dict[str, npt.NDArray[np.float32]]], object]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda t: [t.pop("bias"), t.pop("mean")], "lacks mean, bias"),
        (lambda t: t.update(mean=t["mean"][1:]), "do not fit together"),
        (lambda t: t.update(projection=t["bias"]), "do not fit together"),
        (lambda t: t.update(captions=t["captions"][0]), "do not fit together"),
        (lambda t: t.update(captions=t["captions"][:1]), "do not fit together"),
        (lambda t: t.update(bias=t["bias"] * np.float32(np.nan)), "do not fit together"),
        (lambda t: t.update(deviation=t["deviation"] * 0), "do not fit together"),
    ],
)
def test_weights_that_cannot_be_right_are_refused(folder: Path, damage: Break, said: str) -> None:
    tensors = load_file(folder / WEIGHTS)
    damage(tensors)
    save_file(tensors, folder / WEIGHTS)
    with pytest.raises(ConfigurationError, match=f"{said}; train it again"):
        AdaptedEncoder(folder).encode_images(pictures())


@pytest.mark.parametrize("field", ["temperature", "familiar"])
def test_a_record_that_would_divide_by_zero_is_refused(folder: Path, field: str) -> None:
    lines = (folder / "adapter.toml").read_text().splitlines()
    kept = [f"{field} = 0.0" if line.startswith(f"{field} ") else line for line in lines]
    (folder / "adapter.toml").write_text("\n".join(kept))
    with pytest.raises(ConfigurationError, match="train it again"):
        read_adapter(folder)


@pytest.mark.parametrize("name", ["adapter.toml", WEIGHTS])
@pytest.mark.parametrize("content", [b"", b"\xff\x00 no such thing", b"a = 1\n"])
def test_files_of_something_else_are_refused(folder: Path, name: str, content: bytes) -> None:
    (folder / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"is no image adapter: .*; make one with `pathlit train"):
        read_adapter(folder)


def test_weights_that_are_not_there_are_told(folder: Path) -> None:
    (folder / WEIGHTS).unlink()
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        read_adapter(folder)
