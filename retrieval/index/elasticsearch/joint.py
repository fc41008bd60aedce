"""The joint space of images and texts in a cluster: rows nested in the articles that they belong to."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from retrieval.index.conditions import Conditions
from retrieval.index.elasticsearch.conditions import Dsl
from retrieval.index.elasticsearch.mapping import JOINT
from retrieval.index.elasticsearch.searching import BY_SCORE, PAGE, Searching
from retrieval.index.elasticsearch.vectors import inner_product, nearest, require_dimension
from retrieval.index.interface import Scored
from retrieval.index.joint_space import FIGURE, Brought, JointFound, Part
from retrieval.index.manifest import Manifest
from retrieval.query import Constraint
from retrieval.records import Figure


class ElasticsearchJoint:
    """Safe to use from several threads."""

    def __init__(self, searching: Searching, manifest: Manifest, conditions: Conditions[Dsl]) -> None:
        self._searching = searching
        self._manifest = manifest
        self._conditions = conditions
        self._figures = msgspec.json.Decoder(dict[int, Figure])

    @property
    def has_figures(self) -> bool:
        return self._manifest.joint_images > 0

    def search(self, part: Part, vector: npt.NDArray[np.float32], constraint: Constraint, limit: int) -> JointFound:
        if self._manifest.image_encoder is not None:
            require_dimension(vector, self._manifest.image_encoder.dimension)
        field, limit = JOINT[part], min(limit, PAGE)
        rows = nearest(f"{field}.vector", vector, limit, self._conditions.query(constraint))
        best_row = {"size": 1, "_source": False, "docvalue_fields": [f"{field}.number"]}
        query = {"nested": {"path": field, "query": rows, "score_mode": "max", "inner_hits": best_row}}
        body = {"query": query, "size": limit, "sort": BY_SCORE, "_source": ["figures"], "track_total_hits": False}
        ranked: list[Scored] = []
        brought: dict[int, Brought] = {}
        for hit in self._searching.one(body)["hits"]["hits"]:
            engine_score, pmid = hit["sort"]
            score = inner_product(float(engine_score))
            (row,) = hit["inner_hits"][field]["hits"]["hits"]
            number = int(row["fields"][f"{field}.number"][0])
            figure = self._figures.decode(hit["_source"]["figures"])[number] if number >= FIGURE else None
            ranked.append(Scored(int(pmid), score))
            brought[int(pmid)] = Brought(number, figure, part == "images", score)
        return JointFound(ranked, brought)

    def count(self, part: Part) -> int:
        rows = {"rows": {"nested": {"path": JOINT[part]}}}
        return int(self._searching.one({"size": 0, "aggs": rows})["aggregations"]["rows"]["doc_count"])

    def pmids(self, part: Part) -> npt.NDArray[np.int64]:
        return self._searching.pmids(_having(part, {"exists": {"field": f"{JOINT[part]}.number"}}))

    def vector(self, part: Part, pmid: int, number: int) -> npt.NDArray[np.float32]:
        field = JOINT[part]
        rows = _having(part, {"term": {f"{field}.number": number}})
        rows["nested"]["inner_hits"] = {"size": 1, "_source": False, "docvalue_fields": [f"{field}.vector"]}
        query = {"bool": {"filter": [self._conditions.pmids([pmid]), rows]}}
        hits = self._searching.one({"query": query, "size": 1, "_source": False})["hits"]["hits"]
        if not hits:
            raise KeyError((pmid, number))
        (row,) = hits[0]["inner_hits"][field]["hits"]["hits"]
        return np.asarray(row["fields"][f"{field}.vector"], dtype=np.float32).reshape(-1)


def _having(part: Part, row: Dsl) -> Dsl:
    return {"nested": {"path": JOINT[part], "query": row}}
