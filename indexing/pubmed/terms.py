"""The lists of a PubMed record that hold controlled words: MeSH, chemicals, keywords, grants, publication types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexing.pubmed.markup import text_of
from retrieval.records import Chemical, Grant, MeshHeading, Qualifier, SupplementaryMesh, Term

if TYPE_CHECKING:
    from lxml.etree import _Element


def mesh_headings(element: _Element) -> tuple[MeshHeading, ...]:
    found: list[MeshHeading] = []
    name = ui = ""
    major = False
    qualifiers: list[Qualifier] = []
    for part in element.iter():
        tag = part.tag
        if tag == "MeshHeading":
            if name:
                found.append(MeshHeading(name, ui, major, tuple(qualifiers)))
            name, ui, major, qualifiers = "", "", False, []
        elif tag == "DescriptorName":
            name, ui = text_of(part), part.get("UI", "")
            major = major or part.get("MajorTopicYN") == "Y"
        elif tag == "QualifierName":
            main_point = part.get("MajorTopicYN") == "Y"
            major = major or main_point
            qualifiers.append(Qualifier(text_of(part), part.get("UI", ""), main_point))
    if name:
        found.append(MeshHeading(name, ui, major, tuple(qualifiers)))
    return tuple(found)


def supplementary_mesh(element: _Element) -> tuple[SupplementaryMesh, ...]:
    return tuple(
        [
            SupplementaryMesh(text_of(child), child.get("UI", ""), child.get("Type", ""))
            for child in element
            if child.tag == "SupplMeshName"
        ]
    )


def chemicals(element: _Element) -> tuple[Chemical, ...]:
    found = []
    for chemical in element:
        name = ui = number = ""
        for child in chemical:
            if child.tag == "NameOfSubstance":
                name, ui = text_of(child), child.get("UI", "")
            elif child.tag == "RegistryNumber":
                number = text_of(child)
        if name or number:
            found.append(Chemical(name, ui, number))
    return tuple(found)


def grants(element: _Element) -> tuple[Grant, ...]:
    found = []
    for grant in element:
        number = acronym = agency = country = ""
        for child in grant:
            tag = child.tag
            if tag == "GrantID":
                number = text_of(child)
            elif tag == "Agency":
                agency = text_of(child)
            elif tag == "Country":
                country = text_of(child)
            elif tag == "Acronym":
                acronym = text_of(child)
        if number or agency:
            found.append(Grant(number, acronym, agency, country))
    return tuple(found)


def keywords(element: _Element) -> list[str]:
    return [text for child in element if child.tag == "Keyword" and (text := text_of(child))]


def publication_types(element: _Element) -> list[Term]:
    return [publication_type(child) for child in element if child.tag == "PublicationType"]


def publication_type(element: _Element) -> Term:
    return Term(text_of(element), element.get("UI", ""))
