"""Sets of PMIDs that a search keeps to."""

from __future__ import annotations

import numpy as np

from retrieval.index.dense.engine import load_faiss


class PmidSet:
    """A set of PMIDs as FAISS takes it: those given, or all but those given."""

    def __init__(self, pmids: list[int], *, complement: bool = False) -> None:
        faiss = load_faiss()
        self.size = len(pmids)
        self.complement = complement
        self.pmids = np.asarray(pmids, dtype=np.int64)
        # Both selectors only point at what they wrap; the attributes keep it alive.
        self._batch = faiss.IDSelectorBatch(self.pmids)
        self.selector = faiss.IDSelectorNot(self._batch) if complement else self._batch
