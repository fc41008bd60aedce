"""Which class reads which encoder, and what pathlit knows of models by their names."""

from pathlib import Path

import pytest

from retrieval.encoders.known import KNOWN, usage_of
from retrieval.encoders.opening import open_encoder
from retrieval.encoders.text import TextEncoder
from retrieval.encoders.towers import TwoTowerEncoder
from retrieval.errors import ConfigurationError
from tests.retrieval.encoders.checkpoints import save_sentence_model, save_towers


def test_a_name_on_the_hub_is_opened_by_what_is_known_of_it() -> None:
    assert isinstance(open_encoder("ncbi/MedCPT"), TwoTowerEncoder)
    assert isinstance(open_encoder("intfloat/e5-base-v2"), TextEncoder)
    assert isinstance(open_encoder("somebody/some-model"), TextEncoder)


def test_a_folder_of_two_towers_is_opened_as_such(tmp_path: Path) -> None:
    save_towers(tmp_path)
    assert isinstance(open_encoder(str(tmp_path)), TwoTowerEncoder)


def test_a_folder_with_one_tower_says_which_is_missing(tmp_path: Path) -> None:
    (tmp_path / "query").mkdir()
    with pytest.raises(ConfigurationError, match="no tower for the query side"):
        _ = open_encoder(str(tmp_path)).spec


def test_any_other_folder_is_opened_by_sentence_transformers(tmp_path: Path) -> None:
    save_sentence_model(tmp_path)
    encoder = open_encoder(str(tmp_path))
    assert isinstance(encoder, TextEncoder)
    assert encoder.spec.dimension == 32


def test_towers_cannot_be_cut_short() -> None:
    with pytest.raises(ConfigurationError, match="cannot give vectors of 256 numbers: its two towers"):
        open_encoder("ncbi/MedCPT", dimension=256)


def test_a_folder_that_ends_in_a_name_of_the_hub_is_that_model() -> None:
    assert usage_of("/srv/models/intfloat/e5-base-v2") == KNOWN["intfloat/e5-base-v2"]
    assert usage_of("/srv/models/intfloat/e5-base-v2/") == KNOWN["intfloat/e5-base-v2"]
    assert usage_of("/srv/models/mine/e5-base-v2").query_prompt is None


@pytest.mark.parametrize("name", KNOWN)
def test_every_known_model_has_a_licence_and_both_lengths(name: str) -> None:
    usage = KNOWN[name]
    assert not usage.licence.startswith("not known")
    assert usage.query_tokens
    assert usage.document_tokens
    assert list(usage.dimensions) == sorted(usage.dimensions, reverse=True)
