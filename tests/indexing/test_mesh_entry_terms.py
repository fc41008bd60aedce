"""NLM's descriptor file: which entry terms become synonyms, and what a broken file says."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import pytest

from indexing.mesh_entry_terms import mesh_groups, read_mesh_entry_terms
from retrieval.errors import ConfigurationError, MalformedFileError, RecordError
from retrieval.vocabulary.file import SynonymGroup
from tests.real_data import DATA, needs_data

Term = tuple[str, str, str]


def descriptor(ui: str, name: str, *terms: Term, tree: str = "C04.557.470") -> str:
    listed = "".join(
        f'<Term IsPermutedTermYN="{permuted}" LexicalTag="{tag}"><String>{text}</String></Term>'
        for text, permuted, tag in terms
    )
    return (
        f"<DescriptorRecord><DescriptorUI>{ui}</DescriptorUI><DescriptorName><String>{name}</String></DescriptorName>"
        f"<TreeNumberList><TreeNumber>{tree}</TreeNumber></TreeNumberList>"
        f"<ConceptList><Concept><TermList>{listed}</TermList></Concept></ConceptList></DescriptorRecord>"
    )


RENAL = descriptor(
    "D002292",
    "Carcinoma, Renal Cell",
    ("Carcinoma, Renal Cell", "N", "NON"),
    ("Renal Cell Carcinoma", "N", "NON"),
    ("Carcinomas, Renal Cell", "Y", "NON"),
    ("Hypernephroma", "N", "NON"),
    ("RCC", "N", "ACR"),
)
GROUP = SynonymGroup("Renal Cell Carcinoma", "MeSH heading", ("Hypernephroma",), ("RCC",), source="MeSH D002292")


def write(path: Path, *records: str) -> Path:
    path.write_text(f"<?xml version='1.0'?>\n<DescriptorRecordSet>\n{''.join(records)}\n</DescriptorRecordSet>")
    return path


def read(path: Path) -> tuple[list[SynonymGroup], list[RecordError]]:
    rejected: list[RecordError] = []
    return list(read_mesh_entry_terms(path, rejected.append)), rejected


def test_a_heading_and_its_entry_terms_are_a_group_in_the_order_of_texts(tmp_path: Path) -> None:
    assert read(write(tmp_path / "desc.xml", RENAL)) == ([GROUP], [])


def test_gzip_is_read_as_it_is(tmp_path: Path) -> None:
    zipped = tmp_path / "desc.xml.gz"
    zipped.write_bytes(gzip.compress(write(tmp_path / "desc.xml", RENAL).read_bytes()))
    assert read(zipped) == ([GROUP], [])


def test_roots_of_the_trees_and_headings_without_entry_terms_are_no_groups(tmp_path: Path) -> None:
    root = descriptor("D009369", "Neoplasms", ("Tumors", "N", "NON"), tree="C04")
    lone = descriptor("D000001", "Calcimycin", ("Calcimycin", "N", "NON"))
    assert read(write(tmp_path / "desc.xml", root, lone)) == ([], [])


def test_a_heading_without_identifier_or_name_is_rejected_by_name_and_the_rest_is_kept(tmp_path: Path) -> None:
    groups, rejected = read(
        write(tmp_path / "desc.xml", descriptor("", "Nameless"), descriptor("D000009", "---"), RENAL)
    )
    assert groups == [GROUP]
    assert [error.identifier for error in rejected] == ["at line 3", "D000009"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("<DescriptorRecordSet><DescriptorRecord>", "1: "),
        ("<PubmedArticleSet></PubmedArticleSet>", "it holds no DescriptorRecord; NLM calls the file desc2026.xml"),
        ("", "Document is empty|no element found"),
    ],
)
def test_a_file_that_is_something_else_or_cut_off_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "desc.xml"
    path.write_text(content)
    with pytest.raises(MalformedFileError, match=message):
        read(path)
    with pytest.raises(ConfigurationError, match=r"the setting `mesh_descriptors`: .*desc\.xml"):
        mesh_groups(path, tmp_path / "kept")


def test_entities_are_never_resolved(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("taken")
    path = tmp_path / "desc.xml"
    record = descriptor("D000010", "Name", ("&leak; term", "N", "NON"))
    path.write_text(
        f'<!DOCTYPE d [<!ENTITY leak SYSTEM "{secret}">]><DescriptorRecordSet>{record}</DescriptorRecordSet>'
    )
    assert "taken" not in str(read(path))


def test_a_missing_file_names_its_setting(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"No such file.*the setting `mesh_descriptors`"):
        mesh_groups(tmp_path / "none.xml", tmp_path / "kept")


def test_what_was_read_is_remembered_until_the_file_changes(tmp_path: Path) -> None:
    path, kept = write(tmp_path / "desc.xml", RENAL), tmp_path / "kept"
    assert mesh_groups(path, kept) == (GROUP,)
    state = path.stat()
    path.write_text("x" * state.st_size)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert mesh_groups(path, kept) == (GROUP,), "the same size and time: not read again"
    assert mesh_groups(write(path, RENAL, RENAL), kept) == (GROUP, GROUP)
    kept.write_bytes(b"\xc1 something else")
    assert mesh_groups(path, kept) == (GROUP, GROUP)


def test_a_home_folder_that_only_reads_is_no_obstacle(tmp_path: Path) -> None:
    assert mesh_groups(write(tmp_path / "desc.xml", RENAL), tmp_path / "none" / "kept") == (GROUP,)


@needs_data
@pytest.mark.data
def test_a_sample_of_the_real_file_is_read() -> None:
    groups, rejected = read(DATA / "mesh" / "mesh_desc_sample.xml.gz")
    assert rejected == []
    assert [group.source for group in groups] == ["MeSH D000001", "MeSH D000002", "MeSH D000003", "MeSH D000077594"]
    assert groups[0].terms == ("A-23187", "A23187", "Antibiotic A23187")
    assert groups[3].ambiguous == ("Opdivo",)
