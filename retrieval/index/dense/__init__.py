"""The dense leg: nearest articles by inner product, by FAISS, keyed by PMID.

Up to FLAT_LIMIT articles the search is exact; above, an inverted file with 8-bit scalar quantisation (IVF + SQ8) reads
a few of its cells: at 231,180 articles that finds 96 of the 100 nearest in 0.9 ms (2 cores, abstracts and noisy
copies of them). Above SHARD_LIMIT the inverted file lies in several files, read where they lie on the disk.

articles.faiss                  one file, vectors and PMIDs; or, of a sharded index, the cells' centres alone
articles-001.faiss ...          the shards: parts of the same cells, each an unbroken range of PMIDs
articles.places.npy             shape (2, n): PMIDs ascending, and where in its shard the vector of each lies
"""

from retrieval.index.dense.engine import faiss_version
from retrieval.index.dense.pmid_set import PmidSet
from retrieval.index.dense.reading import DenseReader
from retrieval.index.dense.writing import FLAT_LIMIT, SHARD_LIMIT, write_vectors

__all__ = ["FLAT_LIMIT", "SHARD_LIMIT", "DenseReader", "PmidSet", "faiss_version", "write_vectors"]
