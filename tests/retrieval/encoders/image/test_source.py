"""From a name to a model: files of transformers, of BiomedCLIP's make and of open_clip."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
import transformers
from PIL import Image

from retrieval.encoders.image import clip
from retrieval.encoders.image.clip import ClipEncoder
from retrieval.encoders.image.files import architecture_config
from retrieval.encoders.image.known import PATHCLIP, PLIP, QUILTNET
from retrieval.encoders.image.source import find_source, known_of
from retrieval.encoders.image.transformers_clip import model_config
from retrieval.errors import ConfigurationError
from tests.retrieval.encoders.checkpoints import save_bert
from tests.retrieval.encoders.image.checkpoints import describe, images, random_weights, save, save_folder, tiny

CONSENT = frozenset({"CC-BY-NC-4.0"})


@pytest.fixture
def tiny_architecture(tmp_path: Path) -> str:
    """Known to open_clip by its name, as its own are."""
    path = tmp_path / "Tiny-Test.json"
    path.write_text(json.dumps(tiny()))
    open_clip.add_model_config(path)
    return "Tiny-Test"


# --- Files of transformers, as PLIP comes --------------------------------------------------------------------------


def save_transformers_clip(
    folder: Path, *, activation: str = "quick_gelu", safe: bool = True
) -> transformers.CLIPModel:
    common = {"num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96, "hidden_act": activation}
    config = transformers.CLIPConfig(
        # The marks have these numbers in CLIP's vocabulary.
        text_config={"hidden_size": 32, "vocab_size": 49408, "eos_token_id": 49407, "bos_token_id": 49406, **common},
        vision_config={"hidden_size": 64, "image_size": 32, "patch_size": 8, **common},
        projection_dim=24,
    )
    torch.manual_seed(0)
    model: transformers.CLIPModel = transformers.CLIPModel(config)
    model.train(False)
    model.save_pretrained(folder)
    if not safe:
        weights = {**model.state_dict(), "text_model.embeddings.position_ids": torch.arange(77)[None]}
        torch.save(weights, folder / "pytorch_model.bin")
        (folder / "model.safetensors").unlink()
    return model


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
@pytest.mark.parametrize("safe", [True, False])
def test_a_clip_of_transformers_gives_the_vectors_that_transformers_gives(
    tmp_path: Path, activation: str, safe: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clip, "fastest_type", lambda: torch.float32)
    theirs = save_transformers_clip(tmp_path, activation=activation, safe=safe)
    encoder = ClipEncoder(str(tmp_path))
    texts, some = ["a tumour of the lung", "colon"], images(2)
    tokens = open_clip.get_tokenizer("ViT-B-32")(texts)
    # Padded as transformers pads: with the mark of the end.
    ended = torch.where(tokens == 0, 49407, tokens)
    prepare = open_clip.transform.image_transform(32, is_train=False)
    with torch.inference_mode():
        read = theirs.get_text_features(input_ids=ended, attention_mask=(tokens != 0).long()).pooler_output
        seen = theirs.get_image_features(torch.stack([prepare(Image.fromarray(one)) for one in some])).pooler_output
    for ours, wanted in ((encoder.encode_texts(texts), read), (encoder.encode_images(some), seen)):
        assert np.allclose(ours, torch.nn.functional.normalize(wanted, dim=-1).numpy(), atol=1e-3)
    assert encoder.spec.dimension == 24
    assert encoder.logit_scale == pytest.approx(np.exp(2.6592), rel=1e-4)


def test_a_clip_of_transformers_with_two_activations_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="gelu and quick_gelu; only"):
        model_config({"text_config": {"hidden_act": "gelu"}, "vision_config": {"hidden_act": "quick_gelu"}})


def test_a_config_of_plip_is_a_vit_b_32_of_openai() -> None:
    """What transformers leaves out is what CLIP was first made as."""
    left_out = model_config({"model_type": "clip", "projection_dim": 512, "text_config": {}, "vision_config": {}})
    wanted = architecture_config("ViT-B-32-quickgelu")
    for part in ("vision_cfg", "text_cfg"):
        assert wanted[part].items() <= left_out[part].items()
    assert left_out["quick_gelu"] is True


# --- A tower of timm and a tower of transformers, as BiomedCLIP comes ------------------------------------------------


def save_biomedclip_like(folder: Path, context: int = 64) -> None:
    save_bert(folder)
    (folder / "model.safetensors").unlink()
    config = {
        "embed_dim": 24,
        "vision_cfg": {"timm_model_name": "test_vit", "timm_pool": "", "timm_proj": "linear", "image_size": 160},
        "text_cfg": {
            "hf_model_name": str(folder),
            "hf_model_pretrained": False,
            "hf_tokenizer_name": "somebody/bert",
            "hf_proj_type": "mlp",
            "hf_pooler_type": "cls_last_hidden_state_pooler",
            "context_length": context,
        },
    }
    save(random_weights(config), folder / "open_clip_pytorch_model.bin")
    config["text_cfg"]["hf_model_name"] = "somebody/bert"  # type: ignore[index]
    describe(folder, config)


def test_a_tower_of_timm_and_a_bert_in_one_folder_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip, "fastest_type", lambda: torch.float32)
    save_biomedclip_like(tmp_path)
    encoder = ClipEncoder(str(tmp_path))
    assert (encoder.spec.dimension, encoder.spec.max_tokens) == (24, 64)
    assert encoder.encode_images(images(2)).shape == (2, 24)
    together = encoder.encode_texts(["lung", "benign tumour of the colon in a query passage", "lung carcinoma"])
    # Padding is cut to the longest of a batch, which changes no vector.
    assert np.allclose(together[0], encoder.encode_texts(["lung"])[0], atol=1e-3)
    assert together[0] @ together[1] < 0.999
    beyond = encoder.encode_texts(["lung " * 62, "lung " * 62 + "colon " * 9])
    assert np.array_equal(beyond[0], beyond[1])


def test_a_tower_that_cannot_be_fetched_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("We couldn't connect to the hub.")

    save_biomedclip_like(tmp_path)
    (tmp_path / "config.json").unlink()
    monkeypatch.setattr("open_clip.hf_model.AutoConfig.from_pretrained", unreachable)
    with pytest.raises(
        ConfigurationError, match=r"couldn't connect .* put its config\.json and tokenizer into the folder"
    ):
        ClipEncoder(str(tmp_path)).encode_texts(["lung"])


# --- Names ----------------------------------------------------------------------------------------------------------


def test_an_architecture_and_a_file_make_a_model(tmp_path: Path, tiny_architecture: str) -> None:
    path = save(random_weights(), tmp_path / "trained.pt")
    encoder = ClipEncoder(f"open_clip:{tiny_architecture}:{path}")
    assert encoder.spec.name == "Tiny-Test:trained.pt"
    assert encoder.encode_texts(["lung"]).shape == (1, 32)


def test_an_architecture_alone_would_encode_at_random() -> None:
    with pytest.raises(
        ConfigurationError, match=r"open_clip:ViT-B-32 needs weights, or it would encode at random.*laion2b"
    ):
        _ = ClipEncoder("open_clip:ViT-B-32").spec


def test_a_tag_trained_with_the_other_activation_is_refused_before_it_is_fetched() -> None:
    with pytest.raises(ConfigurationError, match="give ViT-B-32-quickgelu:openai"):
        _ = ClipEncoder("open_clip:ViT-B-32:openai").spec


def test_an_unknown_architecture_names_those_like_it(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"no architecture 'ViT-B-17'; choose one of .*ViT-B-16"):
        _ = ClipEncoder(f"open_clip:ViT-B-17:{tmp_path / 'a.pt'}").spec


def test_a_file_must_say_its_architecture_unless_its_name_does(tmp_path: Path) -> None:
    for name in ("mine.pt", "pathclip-base.pt"):
        save(random_weights(), tmp_path / name)
    with pytest.raises(ConfigurationError, match=r"give it as open_clip:ARCHITECTURE:"):
        _ = ClipEncoder(str(tmp_path / "mine.pt")).spec
    spec = ClipEncoder(str(tmp_path / "pathclip-base.pt"), accepted_licences=CONSENT).spec
    assert spec.name == "jamessyx/pathclip"
    assert ClipEncoder(f"PathCLIP:{tmp_path / 'mine.pt'}", accepted_licences=CONSENT).spec.name == spec.name


def test_a_known_file_needs_consent_under_any_architecture(tmp_path: Path) -> None:
    path = save(random_weights(), tmp_path / "pathclip-base.pt")
    with pytest.raises(ConfigurationError, match=r"CC-BY-NC-4\.0, which forbids commercial use"):
        _ = ClipEncoder(f"open_clip:ViT-B-16:{path}").spec
    one = ClipEncoder(f"open_clip:ViT-B-16:{path}", accepted_licences=CONSENT).spec
    other = ClipEncoder(str(path), accepted_licences=CONSENT).spec
    assert one.id.startswith(f"{other.id}+"), "what is done otherwise than it is known to be done shows in the id"


def test_weights_of_another_architecture_than_the_known_one_are_refused(tmp_path: Path) -> None:
    path = save(random_weights(), tmp_path / "pathclip-base.pt")
    with pytest.raises(ConfigurationError, match=r"not those of this architecture: .*ln_final\.bias 32 instead of 512"):
        ClipEncoder(str(path), accepted_licences=CONSENT).encode_texts(["lung"])


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("pathclip", PATHCLIP),
        ("jamessyx/pathclip", PATHCLIP),
        ("hf-hub:wisdomik/QuiltNet-B-32", QUILTNET),
        ("models/vinid/plip", PLIP),
        ("plip", PLIP),
        ("open_clip:ViT-B-32:openai", None),
        ("somebody/else", None),
    ],
)
def test_known_models_are_known_by_name_hub_and_folder(name: str, known: object) -> None:
    assert known_of(name) is known


def test_a_vocabulary_that_is_not_the_tokenizers_is_refused(tmp_path: Path) -> None:
    config = tiny()
    config["text_cfg"]["vocab_size"] = 1000
    save_folder(tmp_path, config)
    with pytest.raises(ConfigurationError, match=r"cannot encode: .*vocabulary"):
        ClipEncoder(str(tmp_path)).encode_texts(["lung"])


def test_a_name_that_means_nothing_says_what_would() -> None:
    with pytest.raises(ConfigurationError, match=r"'nothing'.* PathCLIP, QuiltNet, BiomedCLIP.*hf-hub:OWNER/MODEL"):
        find_source("nothing", None)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "holds no weights"),
        (["a.pt", "b.pt"], r"several files of weights \(a\.pt, b\.pt\)"),
        (["a.pt"], "does not say which architecture"),
    ],
)
def test_a_folder_that_is_no_model_says_what_it_lacks(tmp_path: Path, files: list[str], message: str) -> None:
    for name in files:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ConfigurationError, match=message):
        _ = ClipEncoder(str(tmp_path)).spec


@pytest.mark.parametrize("content", ["{", "[]", '{"model_cfg": {"embed_dim": 3}}'])
def test_a_config_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    save_folder(tmp_path)
    (tmp_path / "open_clip_config.json").write_text(content)
    with pytest.raises(ConfigurationError, match=r"open_clip_config\.json (cannot be read|is no config)"):
        _ = ClipEncoder(str(tmp_path)).spec
