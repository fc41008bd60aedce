"""Cross-encoders, on tiny checkpoints with random weights: what they order, when they give up, what is refused."""

from pathlib import Path
from time import perf_counter

import pytest

from retrieval.errors import ConfigurationError, OutOfTimeError
from retrieval.expansion import Wording
from retrieval.fusion import Fused
from retrieval.index.interface import IndexedArticle
from retrieval.rerank.base import Candidate, Question
from retrieval.rerank.cross_encoder import CrossEncoderReranker
from tests.fakes import article
from tests.retrieval.encoders.checkpoints import WORDS, save_bert

NEVER = float("inf")
QUESTION = Question("lung carcinoma", Wording("lung carcinoma", "lung carcinoma"))
CANDIDATES = [
    Candidate(Fused(n, 1 / n, {}), IndexedArticle(article(n, f"{word} carcinoma", f"benign {word}.")))
    for n, word in enumerate(WORDS, start=1)
]


def save_cross_encoder(folder: Path, *, labels: int = 1) -> str:
    """A Bert of one layer with a score per label, and the tokenizer of the encoders' checkpoints."""
    import torch
    from transformers import BertForSequenceClassification

    save_bert(folder)
    torch.manual_seed(3)
    model = BertForSequenceClassification.from_pretrained(folder, num_labels=labels)
    model.save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return save_cross_encoder(tmp_path_factory.mktemp("cross") / "tiny-cross")


def test_each_pair_has_the_models_score_whatever_stands_beside_it(model: str) -> None:
    reranker = CrossEncoderReranker(model)
    together = [judged.score for judged in reranker.rerank(QUESTION, CANDIDATES, NEVER)]
    alone = [reranker.rerank(QUESTION, [candidate], NEVER)[0].score for candidate in CANDIDATES]
    assert together == pytest.approx(alone, abs=0.05)
    assert len(set(together)) > 3


def test_it_goes_by_the_name_of_its_folder(model: str) -> None:
    assert CrossEncoderReranker(model).name == "tiny-cross"
    assert CrossEncoderReranker().name == "ncbi/MedCPT-Cross-Encoder"


def test_nothing_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    reranker = CrossEncoderReranker(str(tmp_path))
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        reranker.load()


def test_out_of_time_it_says_how_far_it_came(model: str) -> None:
    reranker = CrossEncoderReranker(model)
    reranker.load()
    with pytest.raises(OutOfTimeError, match=f"only 0 of {len(CANDIDATES)} candidates could be read in time"):
        reranker.rerank(QUESTION, CANDIDATES, perf_counter() + 1e-6)
    assert len(reranker.rerank(QUESTION, CANDIDATES, NEVER)) == len(CANDIDATES)


def test_a_query_that_waits_for_another_one_gives_up_in_time(model: str) -> None:
    reranker = CrossEncoderReranker(model)
    with reranker._turn, pytest.raises(OutOfTimeError, match="other queries kept the reranker busy"):
        reranker.rerank(QUESTION, CANDIDATES, perf_counter() + 0.05)


def test_a_model_with_several_scores_for_a_pair_is_refused(tmp_path: Path) -> None:
    reranker = CrossEncoderReranker(save_cross_encoder(tmp_path / "two", labels=2))
    with pytest.raises(ConfigurationError, match="one score for a pair"):
        reranker.load()


def test_weights_that_are_not_safetensors_are_refused(tmp_path: Path) -> None:
    folder = Path(save_cross_encoder(tmp_path / "old"))
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ConfigurationError, match="cannot be loaded"):
        CrossEncoderReranker(str(folder)).load()


def test_scores_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = Path(save_cross_encoder(tmp_path / "nan"))
    weights = load_file(folder / "model.safetensors")
    weights["classifier.bias"] = weights["classifier.bias"] * float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ConfigurationError, match="or no numbers"):
        CrossEncoderReranker(str(folder)).load()
