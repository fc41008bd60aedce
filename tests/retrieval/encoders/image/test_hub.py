"""Models on the hub: consent first, then the known commit; and what is said when they cannot be had."""

from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import EntryNotFoundError, GatedRepoError

from retrieval.encoders.image.clip import ClipEncoder
from retrieval.encoders.image.known import BIOMEDCLIP, QUILTNET
from retrieval.errors import ConfigurationError
from tests.retrieval.encoders.image.checkpoints import save_folder

CONSENT = frozenset({"CC-BY-NC-4.0"})


@pytest.mark.parametrize("name", ["PathCLIP", "jamessyx/pathclip", "CONCH", "MUSK", "hf-hub:jamessyx/pathclip"])
def test_a_non_commercial_model_needs_consent_before_anything_is_fetched(name: str, hub: list[str]) -> None:
    encoder = ClipEncoder(name)
    for use in (lambda: encoder.spec, lambda: encoder.encode_texts(["lung"])):
        with pytest.raises(ConfigurationError, match=r"accepted_licences = \[\"CC-BY-NC"):
            use()
    assert hub == []


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked of it; it has nothing."""
    asked: list[str] = []

    def download(repository: str, name: str, *, revision: str | None) -> str:
        asked.append(f"{repository}/{name}@{revision}")
        raise EntryNotFoundError("404")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return asked


def test_known_models_are_fetched_at_the_commit_that_is_known(hub: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="has none of open_clip_config"):
        _ = ClipEncoder().spec
    with pytest.raises(ConfigurationError, match=r"none of pathclip-base\.pt"):
        _ = ClipEncoder("PathCLIP", revision="abc", accepted_licences=CONSENT).spec
    assert hub[0] == f"wisdomik/QuiltNet-B-32/open_clip_config.json@{QUILTNET.revision}"
    assert hub[-1] == "jamessyx/pathclip/pathclip-base.pt@abc"


def test_the_hub_out_of_reach_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ConfigurationError, match=r"cannot be fetched: .* fetch it elsewhere and give its folder"):
        _ = ClipEncoder("hf-hub:somebody/model").spec


def test_a_gated_model_says_where_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    def gated(*_: object, **__: object) -> None:
        raise GatedRepoError.__new__(GatedRepoError)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", gated)
    with pytest.raises(ConfigurationError, match=r"ask for access at https://huggingface\.co/MahmoodLab/CONCH"):
        _ = ClipEncoder("CONCH", accepted_licences=frozenset({"CC-BY-NC-ND-4.0"})).spec


def test_a_model_on_the_hub_is_read_from_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = save_folder(tmp_path / "snapshot")
    missing = []

    def download(repository: str, name: str, *, revision: str | None) -> str:
        if not (folder / name).is_file():
            missing.append(name)
            raise EntryNotFoundError("404")
        return str(folder / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    encoder = ClipEncoder("hf-hub:somebody/tiny")
    assert encoder.spec.name == "somebody/tiny"
    assert encoder.encode_texts(["lung"]).shape == (1, 32)
    assert missing == []
    assert sorted(path.name for path in folder.iterdir()) == ["open_clip_config.json", "open_clip_model.safetensors"]


def test_the_checksum_that_is_known_of_a_file_is_checked(tmp_path: Path) -> None:
    folder = tmp_path / "microsoft" / BIOMEDCLIP.hub.split("/")[1]
    save_folder(folder, weights=BIOMEDCLIP.file)
    with pytest.raises(ConfigurationError, match=f"not {BIOMEDCLIP.sha256}"):
        _ = ClipEncoder(str(folder)).spec
