"""NLM's files of the MeSH tree: descriptors in XML, and the ASCII tree."""

import gzip
from pathlib import Path

import pytest

from indexing.mesh_file import MeshFile
from retrieval.errors import ConfigurationError
from retrieval.mesh_tree import Heading
from tests.real_data import DATA, needs_data

XML = b"""<?xml version="1.0"?>
<!DOCTYPE DescriptorRecordSet SYSTEM "https://www.nlm.nih.gov/databases/dtd/nlmdescriptorrecordset_20260101.dtd">
<DescriptorRecordSet LanguageCode="eng">
  <DescriptorRecord DescriptorClass="1">
    <DescriptorUI>D008175</DescriptorUI><DescriptorName><String>Lung Neoplasms</String></DescriptorName>
    <TreeNumberList><TreeNumber>C04.588.894.797.520</TreeNumber><TreeNumber>C08.785.520</TreeNumber></TreeNumberList>
    <ConceptList><Concept><ConceptName><String>Cancer of the lung</String></ConceptName></Concept></ConceptList>
  </DescriptorRecord>
  <DescriptorRecord DescriptorClass="3">
    <DescriptorUI>D005260</DescriptorUI><DescriptorName><String>Female</String></DescriptorName>
  </DescriptorRecord>
</DescriptorRecordSet>
"""
ASCII = b"Lung Neoplasms;C04.588.894.797.520\nNeoplasms;C04\n\nLung Neoplasms;C08.785.520\r\nSj\xc3\xb6gren's;C05\n"
FROM_XML = (
    Heading("Lung Neoplasms", "D008175", ("C04.588.894.797.520", "C08.785.520")),
    Heading("Female", "D005260"),
)
FROM_ASCII = (
    Heading("Lung Neoplasms", "", ("C04.588.894.797.520", "C08.785.520")),
    Heading("Neoplasms", "", ("C04",)),
    Heading("Sjögren's", "", ("C05",)),
)


def written(folder: Path, content: bytes) -> MeshFile:
    path = folder / "mesh"
    path.write_bytes(content)
    return MeshFile(path)


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(("content", "headings"), [(XML, FROM_XML), (ASCII, FROM_ASCII)])
def test_both_files_of_nlm_are_read(
    tmp_path: Path, content: bytes, headings: tuple[Heading, ...], compressed: bool
) -> None:
    file = written(tmp_path, gzip.compress(content) if compressed else content)
    assert file.tree().headings == headings
    assert file.is_descriptor_file == (content is XML)


def test_the_fingerprint_changes_with_the_file(tmp_path: Path) -> None:
    first = written(tmp_path, XML).fingerprint()
    assert written(tmp_path, XML).fingerprint() == first
    assert written(tmp_path, ASCII).fingerprint() != first


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it holds no tree numbers"),
        (b"<a/>", "it holds no tree numbers"),
        (XML[:600], "line"),
        (gzip.compress(XML, mtime=0)[:-20], "ended before"),
        (b"Neoplasms;C04\nLung Neoplasms\n", "line 2: 'Lung Neoplasms' is no name and tree number"),
        (b"\xff\xfe;C04\n", "can't decode"),
        (XML.replace(b"<DescriptorUI>D005260</DescriptorUI>", b""), "without name or identifier"),
    ],
)
def test_a_file_that_is_no_tree_is_refused_with_the_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as refused:
        written(tmp_path, content).tree()
    assert "set mesh_descriptors to" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    file = MeshFile(tmp_path / "desc2026.xml")
    for ask in (file.tree, file.fingerprint, lambda: file.is_descriptor_file):
        with pytest.raises(ConfigurationError, match=r"desc2026\.xml: .*No such file"):
            ask()


def test_entities_of_the_document_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("C04")
    bomb = XML.replace(
        b'nlmdescriptorrecordset_20260101.dtd">',
        b'x.dtd" [<!ENTITY s SYSTEM "file://' + str(secret).encode() + b'">]>',
    ).replace(b"C08.785.520", b"&s;")
    numbers = [number for heading in written(tmp_path, bomb).tree().headings for number in heading.numbers]
    assert "C04" not in numbers


@needs_data
def test_a_sample_of_nlms_own_file_is_read() -> None:
    headings = MeshFile(DATA / "mesh" / "mesh_desc_sample.xml.gz").tree().headings
    assert headings[0] == Heading("Calcimycin", "D000001", headings[0].numbers)
    assert headings[0].numbers
