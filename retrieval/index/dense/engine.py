"""FAISS itself, and the GPUs that some builds of it reach."""

from __future__ import annotations

import logging
from typing import Any

from retrieval.errors import ConfigurationError

_log = logging.getLogger(__name__)


def load_faiss() -> Any:
    try:
        import faiss
    except ImportError as exc:
        raise ConfigurationError(
            "FAISS is not installed; `uv sync` brings the CPU build, `uv sync --no-group cpu --group gpu` the GPU one, "
            "`pip install pathlit[cpu]` or `pathlit[gpu]` one of them beside a released pathlit"
        ) from exc
    return faiss


def gpu_count() -> int:
    """GPUs that FAISS can use; 0 in its CPU build, which has no function to ask."""
    return int(getattr(load_faiss(), "get_num_gpus", int)())


def gpu_copy(index: Any) -> Any | None:
    """A flat index copied to every GPU; None where there is none, or not room enough."""
    if gpu_count() == 0:
        return None
    try:
        return load_faiss().index_cpu_to_all_gpus(index)
    except RuntimeError as exc:
        warn_of_gpu(exc)
        return None


def warn_of_gpu(exc: RuntimeError) -> None:
    _log.warning("FAISS cannot go on on the GPU (%s); the vector index is built on the CPU, which takes longer", exc)


def faiss_version() -> str:
    """The release of FAISS and what it runs on; ConfigurationError where none is installed."""
    faiss = load_faiss()
    gpus = gpu_count()
    return f"{faiss.__version__}, {f'{gpus} GPUs' if gpus else 'CPU'}"
