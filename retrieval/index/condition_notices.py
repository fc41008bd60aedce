"""What a condition cannot do in one generation, said to whoever set it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from retrieval.analysis import fold
from retrieval.index.facet_codes import KnownFacets
from retrieval.mesh_tree import MeshTree
from retrieval.query import Constraint
from retrieval.records import FacetName

_NAMED: Final = 3
_CLASSES: Final[dict[FacetName, str]] = {"species": "species", "organ": "organ", "study": "study type"}


def condition_notices(constraint: Constraint, tree: MeshTree, facets: KnownFacets) -> Iterator[str]:
    filters = constraint.filters
    asked: dict[FacetName, Sequence[str]] = {
        "species": filters.species,
        "organ": filters.organs,
        "study": filters.study_types,
    }
    for name, what in _CLASSES.items():
        values = [*asked[name], *_of_clauses(constraint, name)]
        unknown = [value for value in dict.fromkeys(values) if not facets.codes(name, [fold(value)])]
        if unknown:
            known = ", ".join(facets.values(name)) or "none"
            yield f"No article has the {what} {_quoted(unknown)}; there are: {known}."
    headings = list(dict.fromkeys([*filters.mesh, *_of_clauses(constraint, "mesh")]))
    if headings and filters.mesh_explode:
        if not tree.headings:
            yield (
                f"MeSH headings below {_quoted(headings)} were not looked for: this generation was built without "
                "NLM's tree (setting mesh_descriptors)."
            )
        elif strange := [value for value in headings if value not in tree]:
            yield f"{_quoted(strange)}: not in this generation's MeSH tree, so looked for as it is."


def _of_clauses(constraint: Constraint, field: FacetName) -> list[str]:
    return [clause.value for clause in (*constraint.required, *constraint.excluded) if clause.field == field]


def _quoted(values: Sequence[str]) -> str:
    more = f" and {len(values) - _NAMED:,} more" if len(values) > _NAMED else ""
    return ", ".join(f'"{value[:60]}"' for value in values[:_NAMED]) + more
