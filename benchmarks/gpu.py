"""What a GPU is worth: articles a second by encoder, precision and batch, and building a vector index.

python -m benchmarks.gpu [--articles N] [--vectors N] [--batches 32,128] [--encoders MiniLM] [--types bfloat16]

MiniLM is the packaged encoder; BERT-base stands for MedCPT, with random weights of its shape. Texts are words drawn
from a small list, as long as abstracts are (120 to 330 words, cut at 256 or 512 tokens). Each is measured as it is and
compiled by torch.compile, on a second pass over the same texts; how much longer the first pass took is told beside it.
The figures go to benchmarks/results, named by hardware and day; without a GPU the same runs on the CPU.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import numpy as np

from benchmarks.data import ROOT, heading
from retrieval.encoders.device import best_device
from retrieval.encoders.packaged import packaged_model
from retrieval.index.dense import DenseReader, cells, engine, faiss_version, write_vectors
from retrieval.index.dense.engine import gpu_count

if TYPE_CHECKING:
    import torch

_WORDS: Final = (
    "tumour cell carcinoma margin biopsy patient survival staining receptor nuclear grade lymph node invasion of the "
    "in and with was were expression analysis significant cohort immunohistochemistry adenocarcinoma prognosis"
).split()
_TOKENS: Final = {"MiniLM": 256, "BERT-base": 512}
_TYPES: Final = ("float32", "bfloat16", "float16")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=4_096)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--batches", default="32,128,512")
    parser.add_argument("--encoders", default=",".join(_TOKENS))
    parser.add_argument("--types", default=",".join(_TYPES))
    given = parser.parse_args()
    title = heading(f"GPU: {_hardware()}, FAISS {faiss_version()}")
    print(title, flush=True)
    batches = [int(batch) for batch in given.batches.split(",")]
    encoders = _encoders(_texts(given.articles), given.encoders.split(","), given.types.split(","), batches)
    measured = [*encoders, *_indexes(given.vectors)]
    folder = ROOT / "benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    name = re.sub(r"[^a-z0-9]+", "-", _hardware().lower()).strip("-")
    path = folder / f"gpu-{name}-{datetime.now(UTC).date().isoformat()}.json"
    path.write_text(json.dumps({"title": title, "hardware": _hardware(), "measured": measured}, indent=2) + "\n")
    print(f"  written to {path.relative_to(ROOT)}")


def _hardware() -> str:
    import torch

    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"{torch.cpu.get_capabilities().get('cpu_name', platform.machine())}, {os.cpu_count()} cores"


def _say(measured: dict[str, Any]) -> dict[str, Any]:
    print("  " + ", ".join(f"{name} {value}" for name, value in measured.items()), flush=True)
    return measured


# --- Encoders --------------------------------------------------------------------------------------------------------


def _encoders(texts: list[str], names: list[str], kinds: list[str], batches: list[int]) -> Iterator[dict[str, Any]]:
    import torch

    for name in names:
        for kind in kinds:
            for batch in batches:
                for is_compiled in (False, True):
                    model, tokenizer = _model(name)
                    model = model.to(best_device(), getattr(torch, kind)).eval()
                    # The lengths of batches differ, so that one program must do for all of them.
                    run: Any = torch.compile(model, dynamic=True) if is_compiled else model
                    first = _encode(run, tokenizer, texts, batch, _TOKENS[name])
                    took = _encode(run, tokenizer, texts, batch, _TOKENS[name])
                    yield _say({
                        "encoder": name, "type": kind, "batch": batch, "compiled": is_compiled,
                        "articles_s": round(len(texts) / took, 1), "first_pass_longer_s": round(first - took, 1),
                    })  # fmt: skip
                    torch._dynamo.reset()


def _model(name: str) -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer, BertConfig, BertModel

    folder = packaged_model()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    if name == "MiniLM":
        return AutoModel.from_pretrained(folder, use_safetensors=True), tokenizer
    return BertModel(BertConfig()), tokenizer


def _encode(run: Any, tokenizer: Any, texts: list[str], batch: int, tokens: int) -> float:
    """Seconds from text to pooled vectors, longest texts first so that batches are even."""
    import torch

    ordered = sorted(texts, key=len, reverse=True)
    started = perf_counter()
    with torch.inference_mode():
        for start in range(0, len(ordered), batch):
            part = ordered[start : start + batch]
            read = tokenizer(part, padding=True, truncation=True, max_length=tokens, return_tensors="pt")
            states: torch.Tensor = run(**read.to(best_device())).last_hidden_state
            states.mean(dim=1).float().cpu()
    return perf_counter() - started


def _texts(count: int) -> list[str]:
    rng = random.Random(0)
    return [" ".join(rng.choices(_WORDS, k=rng.randint(120, 330))) for _ in range(count)]


# --- Indexes ---------------------------------------------------------------------------------------------------------


def _indexes(count: int) -> Iterator[dict[str, Any]]:
    """The same index built with the GPUs that there are, and without."""
    import faiss

    rng = np.random.default_rng(0)
    centres = rng.standard_normal((2_000, 384), dtype=np.float32)
    vectors = np.empty((count, 384), dtype=np.float16)
    for start in range(0, count, 50_000):
        size = min(50_000, count - start)
        rows = centres[rng.integers(0, 2_000, size)] + 0.7 * rng.standard_normal((size, 384), dtype=np.float32)
        vectors[start : start + size] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    queries = vectors[:: max(1, count // 200)].astype(np.float32)
    best = faiss.ResultHeap(len(queries), 100, keep_max=True)
    for start in range(0, count, 50_000):
        part = vectors[start : start + 50_000].astype(np.float32)
        scores, ids = faiss.knn(queries, part, 100, metric=faiss.METRIC_INNER_PRODUCT)
        best.add_result(scores, ids + start)
    best.finalize()
    with tempfile.TemporaryDirectory() as folder:
        for use_gpu in (True, False) if gpu_count() else (False,):
            path = Path(folder) / f"{use_gpu}" / "articles.faiss"
            started = perf_counter()
            with patch.object(cells, "gpu_copy", engine.gpu_copy if use_gpu else lambda index: None):
                write_vectors(path, np.arange(count), vectors, flat_limit=0)
            took = perf_counter() - started
            reader = DenseReader(path)
            found = [{s.pmid for s in reader.search(query, 100)} for query in queries]
            hits = [len(have & {*right.tolist()}) / 100 for have, right in zip(found, best.I, strict=True)]
            yield _say({
                "index": count, "gpus": gpu_count() if use_gpu else 0,
                "build_s": round(took, 1), "recall_100": round(float(np.mean(hits)), 4),
            })  # fmt: skip


if __name__ == "__main__":
    main()
