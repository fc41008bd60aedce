"""Image encoders from files as real ones come in, with random weights."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image

from retrieval.checksums import sha256_of
from retrieval.encoders.image import clip
from retrieval.encoders.image.clip import ClipEncoder
from retrieval.encoders.image.network import Network, load_network
from retrieval.encoders.image.source import Source
from retrieval.errors import ConfigurationError, ImageError
from retrieval.image.picture import Pixels
from tests.retrieval.encoders.image.checkpoints import (
    DIMENSION,
    describe,
    images,
    random_model,
    random_weights,
    save,
    save_folder,
    tiny,
)

LONG = "a carcinoma of the colon " * 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_folder(tmp_path_factory.mktemp("models") / "tiny-clip", tiny(quick_gelu=True))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> ClipEncoder:
    return ClipEncoder(str(folder))


@pytest.fixture
def in_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "fastest_type", lambda: torch.float32)


def test_making_an_encoder_loads_nothing() -> None:
    ClipEncoder("no/such-model")


def test_vectors_are_float32_of_length_1(encoder: ClipEncoder) -> None:
    for vectors in (encoder.encode_images(images(3)), encoder.encode_texts(["lung", "", LONG])):
        assert vectors.shape == (3, DIMENSION)
        assert vectors.dtype == np.float32
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(1, abs=1e-3)
        assert np.array_equal(vectors, vectors.astype(np.float16).astype(np.float32))


def test_of_nothing_there_are_no_vectors(encoder: ClipEncoder) -> None:
    assert encoder.encode_images([]).shape == encoder.encode_texts([]).shape == (0, DIMENSION)


@pytest.mark.usefixtures("in_float32")
def test_vectors_are_those_of_open_clip(folder: Path) -> None:
    """Resized, cut and normalised by its own transform, tokenized by its own tokenizer."""
    encoder = ClipEncoder(str(folder))
    model, prepare = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    model.eval()
    some = [*images(2), *images(1, height=100, width=33)]
    with torch.inference_mode():
        seen = model.encode_image(torch.stack([prepare(Image.fromarray(one)) for one in some]), normalize=True).numpy()
        tokens = open_clip.get_tokenizer(f"local-dir:{folder}")(["lung carcinoma", LONG])
        read = model.encode_text(tokens, normalize=True).numpy()
    assert np.allclose(encoder.encode_images(some), seen, atol=1e-3)
    assert np.allclose(encoder.encode_texts(["lung carcinoma", LONG]), read, atol=1e-3)
    assert encoder.logit_scale == pytest.approx(1 / 0.07)


@pytest.mark.usefixtures("in_float32")
def test_a_vector_is_the_same_alone_and_in_any_batch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, some, texts = ClipEncoder(str(folder)), images(7), [f"text {n}" for n in range(7)]
    alone = np.concatenate([encoder.encode_images([one]) for one in some])
    apart = np.concatenate([encoder.encode_texts([one]) for one in texts])
    for name in ("_IMAGES_CPU", "_TEXTS_CPU"):
        monkeypatch.setattr(clip, name, 3)
    assert np.allclose(encoder.encode_images(some), alone, atol=1e-3)
    assert np.allclose(encoder.encode_texts(texts), apart, atol=1e-3)


def test_bfloat16_stays_close_to_float32(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for kind in (torch.float32, torch.bfloat16):
        monkeypatch.setattr(clip, "fastest_type", lambda kind=kind: kind)
        encoder = ClipEncoder(str(folder))
        found.append(np.concatenate([encoder.encode_images(images(4)), encoder.encode_texts(["lung", "colon"])]))
    assert ((found[0] * found[1]).sum(axis=1) > 0.99).all()


def test_text_beyond_the_context_is_not_read(encoder: ClipEncoder) -> None:
    assert encoder.spec.max_tokens == 77
    beyond = encoder.encode_texts([LONG, LONG + "adenoma"])
    assert np.array_equal(beyond[0], beyond[1])


def test_what_lies_beyond_the_middle_square_is_not_seen(encoder: ClipEncoder) -> None:
    wide = images(1, height=64, width=128)[0]
    other = wide.copy()
    other[:, :16] = 0
    vectors = encoder.encode_images([wide, other])
    assert np.allclose(vectors[0], vectors[1], atol=1e-3)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3), np.float32), np.zeros((0, 4, 3), np.uint8)]
)
def test_an_array_that_is_no_image_is_refused(encoder: ClipEncoder, image: Pixels) -> None:
    with pytest.raises(ImageError, match=r"must be \(height, width, 3\) and uint8"):
        encoder.encode_images([image])


def test_threads_share_one_load(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[Source] = []

    def counted(source: Source) -> Network:
        loads.append(source)
        return load_network(source)

    monkeypatch.setattr(clip, "load_network", counted)
    encoder, some = ClipEncoder(str(folder)), images(2)
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: encoder.encode_images(some), range(4)))
    assert len(loads) == 1
    assert all(np.array_equal(one, results[0]) for one in results)


# --- Identity -------------------------------------------------------------------------------------------------------


def test_the_id_holds_the_checksum_of_the_weights_and_nothing_of_the_place(folder: Path, tmp_path: Path) -> None:
    spec = ClipEncoder(str(folder)).spec
    assert spec.id.startswith(f"tiny-clip@{sha256_of(folder / 'open_clip_model.safetensors')[:16]}+")
    moved = shutil.copytree(folder, tmp_path / "elsewhere" / "tiny-clip")
    assert ClipEncoder(f"{moved}/").spec == spec


def test_other_weights_or_another_activation_make_another_encoder(folder: Path, tmp_path: Path) -> None:
    here = Path(shutil.copytree(folder, tmp_path / "tiny-clip"))
    before = ClipEncoder(str(here)).spec.id
    describe(here, tiny(quick_gelu=False))
    plain = ClipEncoder(str(here)).spec.id
    save(random_weights(seed=1), here / "open_clip_model.safetensors")
    assert len({before, plain, ClipEncoder(str(here)).spec.id}) == 3


def test_a_pinned_checksum_is_checked_before_anything_is_read(folder: Path, tmp_path: Path) -> None:
    right = sha256_of(folder / "open_clip_model.safetensors")
    assert ClipEncoder(str(folder), sha256=right.upper()).spec.revision.startswith(right[:16])
    here = Path(shutil.copytree(folder, tmp_path / "changed"))
    (here / "open_clip_model.safetensors").write_bytes(b"something else")
    with pytest.raises(ConfigurationError, match=f"their SHA-256 is [0-9a-f]{{64}}, not {right}"):
        ClipEncoder(str(here), sha256=right).encode_texts(["lung"])


# --- The full size --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["ViT-B-16", "ViT-B-16-quickgelu"])
def test_a_vit_b_16_is_read_from_the_file_of_its_training(tmp_path: Path, architecture: str) -> None:
    model = random_model(open_clip.get_model_config(architecture))
    held = {f"module.{name}": tensor.half() for name, tensor in model.state_dict().items()}
    path = save({"epoch": 1, "state_dict": held}, tmp_path / "trained.pt")
    encoder = ClipEncoder(f"open_clip:{architecture}:{path}")
    assert encoder.spec.dimension == 512
    assert encoder.encode_images(images(2, height=300, width=256)).shape == (2, 512)
    assert encoder.encode_texts(["colon adenocarcinoma"]).shape == (1, 512)
    other = {"ViT-B-16": "ViT-B-16-quickgelu", "ViT-B-16-quickgelu": "ViT-B-16"}[architecture]
    with pytest.raises(ConfigurationError, match="failed the check of its probe"):
        ClipEncoder(f"open_clip:{other}:{path}").encode_texts(["colon"])


@pytest.mark.slow
def test_pathclip_is_loaded_with_its_activation_and_with_no_other(tmp_path: Path) -> None:
    model = random_model(open_clip.get_model_config("ViT-B-16"))
    path = save({name: tensor.half() for name, tensor in model.state_dict().items()}, tmp_path / "pathclip-base.pt")
    consent = frozenset({"CC-BY-NC-4.0"})
    with pytest.raises(ConfigurationError, match=r"activation: 24 where quick_gelu in all 24 layers"):
        ClipEncoder(f"open_clip:ViT-B-16:{path}", accepted_licences=consent).encode_texts(["colon"])
    encoder = ClipEncoder(str(path), accepted_licences=consent)
    assert encoder.spec.id == f"jamessyx/pathclip@{sha256_of(path)[:16]}"
    assert {check.name: check.value for check in encoder.audit.checks}["activation"] == 0
    assert encoder.encode_images(images(1)).shape == (1, 512)
