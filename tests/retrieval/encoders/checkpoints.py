"""Tiny models with random weights, in the files that real ones come in."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

WORDS: Final = "lung carcinoma colon adenoma query passage : of the in a benign malignant tumour cells".split()
_MARKS: Final = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
HIDDEN: Final = 32


def save_bert(folder: Path, *, seed: int = 0, hidden: int = HIDDEN) -> None:
    """One layer, and WordPiece over WORDS."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(_MARKS) + len(WORDS),
        hidden_size=hidden,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        # Far from the start of a training, so that each word changes the vector visibly.
        initializer_range=1.0,
    )
    model = BertModel(config)
    # Even attention, so that each word counts, however many there are.
    for name, weights in model.named_parameters():
        if ".query." in name:
            weights.data.zero_()
    model.save_pretrained(folder)
    vocabulary = {word: n for n, word in enumerate([*_MARKS, *WORDS])}
    BertTokenizer(vocab=vocabulary).save_pretrained(folder)


def save_towers(folder: Path) -> None:
    save_bert(folder / "query", seed=1)
    save_bert(folder / "article", seed=2)


def save_sentence_model(folder: Path, *, pooling: str = "mean", normalised: bool = True, **settings: Any) -> None:
    """As sentence-transformers saves one; `settings` are those of its constructor: prompts, similarity_fn_name."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer

    save_bert(folder / "bert")
    modules: list[Any] = [Transformer(str(folder / "bert")), Pooling(HIDDEN, pooling_mode=pooling)]
    SentenceTransformer(modules=[*modules, *[Normalize()] * normalised], device="cpu", **settings).save(str(folder))


def save_static_model(folder: Path, *, normalised: bool = False) -> None:
    """A vector for each token, averaged over a text."""
    import numpy as np
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, StaticEmbedding
    from tokenizers import Tokenizer, models, pre_tokenizers

    tokenizer = Tokenizer(
        models.WordPiece({word: n for n, word in enumerate([*_MARKS, *WORDS])}, unk_token="[UNK]")  # noqa: S106
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    weights = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), HIDDEN)).astype(np.float32)
    modules: list[Any] = [StaticEmbedding(tokenizer, embedding_weights=weights)]
    SentenceTransformer(modules=[*modules, *[Normalize()] * normalised], device="cpu").save(str(folder))
