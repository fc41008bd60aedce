"""Encoders of two models, one for queries and one for articles, such as MedCPT.

Jin et al.: MedCPT: Contrastive Pre-trained Transformers with Large-scale PubMed Search Logs for Zero-shot Biomedical
Information Retrieval, Bioinformatics 39(11), 2023.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

from retrieval.encoders.base import EncoderSpec, Passage, Vectors
from retrieval.encoders.half import rounded
from retrieval.encoders.identity import digest_of_folder
from retrieval.encoders.known import MEDCPT, Usage, usage_of
from retrieval.encoders.licences import licence_of
from retrieval.encoders.tower import Tower
from retrieval.errors import ConfigurationError

QUERY: Final = "query"
ARTICLE: Final = "article"
"""Folders of the towers."""


def holds_towers(folder: Path) -> bool:
    """Whether a folder is meant as such an encoder; it may still lack one of its towers."""
    return not (folder / "modules.json").is_file() and any((folder / name).is_dir() for name in (QUERY, ARTICLE))


class TwoTowerEncoder:
    """Loaded at its first use. `name` is that of a known encoder on the hub, or a folder that holds `query/` and
    `article/`; `revision` pins the two on the hub: "COMMIT_OF_QUERY+COMMIT_OF_ARTICLE".

    Vectors are not normalised: their lengths count. Runs in bfloat16 where the processor has instructions for it.
    """

    def __init__(
        self,
        name: str = "ncbi/MedCPT",
        *,
        revision: str | None = None,
        accepted_licences: frozenset[str] = frozenset(),
    ) -> None:
        self._name = name
        self._revision = revision
        self._accepted_licences = accepted_licences

    @cached_property
    def spec(self) -> EncoderSpec:
        query, article = self._towers
        if query.dimension != article.dimension:
            raise ConfigurationError(
                f"the towers of {self._name} do not fit: vectors of queries have {query.dimension} numbers, those of "
                f"articles {article.dimension}; fetch both of the same encoder"
            )
        folder = self._folder
        return EncoderSpec(
            name=folder.resolve().name if folder else self._name,
            revision=digest_of_folder(folder) if folder else f"{query.commit}+{article.commit}",
            dimension=article.dimension,
            max_tokens=self._usage.document_tokens or 0,
            licence=licence_of(self._name, self._accepted_licences),
        )

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return rounded(self._towers[0].encode(texts), self.spec.name)

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        return rounded(self._towers[1].encode([(p.title, p.abstract) for p in passages]), self.spec.name)

    @property
    def _usage(self) -> Usage:
        usage = usage_of(self._name)
        return usage if usage.towers else MEDCPT

    @cached_property
    def _folder(self) -> Path | None:
        return Path(self._name) if Path(self._name).is_dir() else None

    @cached_property
    def _towers(self) -> tuple[Tower, Tower]:
        """That of queries, that of articles."""
        licence_of(self._name, self._accepted_licences)
        usage, commits = self._usage, self._commits
        sources = self._sources
        return (
            Tower(sources[0], max_tokens=usage.query_tokens or 0, revision=commits[0]),
            Tower(sources[1], max_tokens=usage.document_tokens or 0, revision=commits[1], side_by_side=True),
        )

    @property
    def _sources(self) -> tuple[Path | str, Path | str]:
        folder, towers = self._folder, usage_of(self._name).towers
        if folder:
            for side in (QUERY, ARTICLE):
                if not (folder / side / "config.json").is_file():
                    raise ConfigurationError(
                        f"the encoder {self._name} has no tower for the {side} side: {folder / side} holds no model; "
                        f"put one there ({getattr(MEDCPT.towers, side)}, for instance)"
                    )
            return folder / QUERY, folder / ARTICLE
        if towers:
            return towers
        raise ConfigurationError(
            f"no encoder of two towers is known by the name {self._name!r}, and it is no folder: give 'ncbi/MedCPT', "
            f"or a folder that holds the models {QUERY}/ and {ARTICLE}/"
        )

    @property
    def _commits(self) -> tuple[str | None, str | None]:
        if self._revision is None or self._folder:
            return None, None
        query, plus, article = self._revision.partition("+")
        if not (query and plus and article):
            raise ConfigurationError(
                f"the encoder {self._name} is two models, so that the revision {self._revision!r} is not enough: give "
                "both commits as QUERY+ARTICLE"
            )
        return query, article
