"""Invented articles in which every kind of value occurs, and encoders whose vectors are known beforehand."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from indexing.mesh_file import MeshFile
from retrieval.encoders.base import EncoderSpec, Passage, Vectors
from retrieval.records import (
    Article,
    Author,
    Correction,
    IntegrityStatus,
    Journal,
    MeshHeading,
    PartialDate,
    Section,
    Term,
)

_TREE: Final = (
    ("Neoplasms", "D009369", "C04"),
    ("Lung Neoplasms", "D008175", "C04.588.894.797.520"),
    ("Breast Neoplasms", "D001943", "C04.588.180"),
    ("Carcinoma, Small Cell", "D018288", "C04.557.470.200.025.370"),
    ("Humans", "D006801", "B01.050.150.900.649.313.988.400.112.400.400"),
    ("Animals", "D000818", "B01.050"),
    ("Mice", "D051379", "B01.050.150.900.649.313.992.635.505.500"),
    ("Immunohistochemistry", "D007150", "E01.370.225.500.607.512"),
)
_UI: Final = {name: ui for name, ui, _ in _TREE} | {"Xenografts": "D000077"}
_TYPES: Final = {
    "Journal Article": "D016428",
    "Review": "D016454",
    "Case Reports": "D002363",
    "Retracted Publication": "D016441",
    "Retraction of Publication": "D016440",
    "Published Erratum": "D016425",
}

MODERN: Final = Journal(title="Modern Pathology", abbreviation="Mod Pathol", issn="1530-0285")
CHEST: Final = Journal(title="Chest", abbreviation="Chest", issn="0012-3692")
SHOUTED: Final = Journal(title="CHEST", abbreviation="Chest", issn="0012-3692")
REVUE: Final = Journal(title="Revue d'anatomie pathologique générale", abbreviation="Rev Anat Pathol")
SHORT: Final = Journal(abbreviation="Ann Invent")


def tree_file(folder: Path) -> MeshFile:
    """A descriptor file as NLM's, with a few headings."""
    records = "".join(
        f"<DescriptorRecord><DescriptorUI>{ui}</DescriptorUI><DescriptorName><String>{name}</String></DescriptorName>"
        f"<TreeNumberList><TreeNumber>{number}</TreeNumber></TreeNumberList></DescriptorRecord>"
        for name, ui, number in _TREE
    )
    path = folder / "desc.xml"
    path.write_text(f"<DescriptorRecordSet>{records}</DescriptorRecordSet>")
    return MeshFile(path)


def paper(
    pmid: int,
    title: str,
    abstract: str = "",
    *,
    year: int | None = None,
    journal: Journal | None = None,
    authors: Sequence[tuple[str, str]] = (),
    group: str = "",
    mesh: Sequence[str] = (),
    types: Sequence[str] = (),
    languages: Sequence[str] = (),
    doi: str = "",
    corrections: Sequence[Correction] = (),
) -> Article:
    """Headings and types have their identifiers where they have some; `authors` are (last name, initials)."""
    people = [Author(last_name=last, initials=initials) for last, initials in authors]
    return Article(
        pmid=pmid,
        title=title,
        sections=(Section(text=abstract),) if abstract else (),
        published=PartialDate(sortable=f"{year}-01-01", precision="year", raw=str(year)) if year else None,
        journal=journal or Journal(),
        authors=(*people, *([Author(collective_name=group)] if group else [])),
        mesh=tuple(MeshHeading(name=name, ui=_UI.get(name, "")) for name in mesh),
        publication_types=tuple(Term(name=name, ui=_TYPES.get(name, "")) for name in types),
        languages=tuple(languages),
        doi=doi,
        corrections=tuple(corrections),
    )


ARTICLES: Final = (
    paper(
        1,
        "PD-L1 expression in lung adenocarcinoma.",
        "Lung cancer-related fatigue was rare. Anti-PD-L1 therapy helped 12 of 40 patients.",
        year=2019,
        journal=MODERN,
        authors=[("Smith", "JA"), ("Müller", "K")],
        mesh=["Humans", "Lung Neoplasms", "Immunohistochemistry"],
        types=["Journal Article"],
        languages=["eng"],
        doi="10.1000/Lung.1",
    ),
    paper(
        2,
        "PDL1 expression in tumours of the breast.",
        "The tumour was PDL1 positive.",
        year=2020,
        journal=CHEST,
        authors=[("Smith", "J")],
        mesh=["Humans", "Breast Neoplasms"],
        types=["Journal Article", "Review"],
        languages=["eng", "fre"],
        doi="10.1000/breast.2",
    ),
    paper(
        3,
        "TGF-β in small cell carcinoma of mice.",
        "TGFβ was low in Tcell infiltrates. Ki-67 was high.",
        year=2020,
        journal=SHOUTED,
        authors=[("Smithson", "J")],
        mesh=["Animals", "Mice", "Carcinoma, Small Cell"],
        types=["Journal Article"],
        languages=["eng"],
    ),
    paper(
        4,
        "Tumor-infiltrating lymphocytes in T-cell disease.",
        "TGF-beta was high. Ki-67, CD-8 and HER2/neu were not seen.",
        year=2015,
        journal=REVUE,
        group="The Müller Group",
        mesh=["Humans", "Neoplasms"],
        types=["Case Reports", "Case Reports"],
        languages=["fre"],
    ),
    paper(
        5,
        "Tumour infiltrating lymphocytes: a review.",
        "Lymphocytes of the lung.",
        year=1998,
        journal=SHORT,
        types=["Review"],
        languages=["ger"],
    ),
    paper(6, "Lung carcinoma of the colon.", "Colon. Lung.", year=2021, types=["Journal Article"]),
    paper(
        7,
        "A lung marker that nobody could reproduce.",
        "PD-L1 was in every lung carcinoma.",
        year=2018,
        journal=MODERN,
        mesh=["Humans", "Lung Neoplasms"],
        types=["Journal Article", "Retracted Publication"],
        languages=["eng"],
        corrections=[Correction(ref_type="RetractionIn", pmid=8)],
    ),
    paper(
        8,
        "Retraction: A lung marker that nobody could reproduce.",
        year=2019,
        journal=MODERN,
        types=["Retraction of Publication"],
        languages=["eng"],
        corrections=[Correction(ref_type="RetractionOf", pmid=7)],
    ),
    paper(
        9,
        "Lung nodules counted twice.",
        "The count of nodules was corrected.",
        year=2016,
        journal=CHEST,
        mesh=["Humans", "Lung Neoplasms"],
        types=["Journal Article"],
        languages=["eng"],
        corrections=[Correction(ref_type="ErratumIn", source="Chest. 2017;1:1")],
    ),
    paper(
        10,
        "Lung nodules of doubtful origin.",
        "An editor was concerned.",
        year=2017,
        journal=CHEST,
        languages=["eng"],
        corrections=[Correction(ref_type="ExpressionOfConcernIn", source="Chest. 2018;1:1")],
    ),
    paper(11, "WITHDRAWN: Lung nodules and the weather.", "Rain.", year=2014, languages=["eng"]),
    paper(12, ""),
    paper(13, "", year=2020, languages=["eng"]),
    *(paper(pmid, "Xenografts of carcinoma.", mesh=["Xenografts"], year=2010) for pmid in range(40, 20, -1)),
    paper(50, "Sjögren's disease, naïve B-cells & 3.5 mg/kg of IFN-γ.", "α-SMA; κ and λ chains.", year=2022),
    paper(51, "Carcinoma. " * 30, "carcinoma " * 200, year=2023),
    paper(52, "Of the and.", "In a with.", year=2024),
    paper(
        53,
        "Neoplasms by an old name.",
        year=2001,
        mesh=["neoplasms", "Mice"],
        languages=["ENG"],
        journal=Journal(title="modern pathology"),
    ),
    paper(1 << 50, "An article without PMID on lung carcinoma.", "It has a key of its own.", year=2020),
)
"""Not in the order of their PMIDs; 21 to 40 are the same but for their PMIDs; 12 and 13 have no text."""

STATUS: Final = {
    7: IntegrityStatus.RETRACTED,
    8: IntegrityStatus.RETRACTION_NOTICE,
    9: IntegrityStatus.CORRECTED,
    10: IntegrityStatus.CONCERN,
    11: IntegrityStatus.WITHDRAWN,
}
"""Of those that are not in good standing."""

PMIDS: Final = sorted(article.pmid for article in ARTICLES)

_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


class WrittenVectors:
    """Takes the numbers in a title, or in a query, as the vector: "At 3 0 -4." lies at (3, 0, -4)."""

    def __init__(self, dimension: int = 3, name: str = "written") -> None:
        self.spec = EncoderSpec(name=name, revision="1", dimension=dimension, max_tokens=0, licence="MIT")

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self._vector(text) for text in texts])

    def encode_documents(self, passages: Sequence[Passage]) -> Vectors:
        return np.stack([self._vector(passage.title) for passage in passages])

    def _vector(self, text: str) -> Vectors:
        numbers = [float(number) for number in _NUMBER.findall(text)][: self.spec.dimension]
        return np.array([*numbers, *[0.0] * (self.spec.dimension - len(numbers))], dtype=np.float32)


def placed(pmid: int, *numbers: float, year: int | None = None, types: Sequence[str] = ()) -> Article:
    """An article where WrittenVectors puts it."""
    return paper(pmid, f"At {' '.join(map(str, numbers))}.", year=year, types=types)
