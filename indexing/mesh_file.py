"""NLM's file of MeSH headings, for their places in the tree."""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Final

from lxml import etree

from retrieval.checksums import sha256_of
from retrieval.errors import ConfigurationError
from retrieval.mesh_tree import Heading, MeshTree

_GZIP: Final = b"\x1f\x8b"


class MeshFile:
    """NLM's descriptor file (desc2026.xml) or ASCII tree (mtrees2026.bin); either may be compressed (.gz)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fingerprint(self) -> str:
        """Changes with the file; ConfigurationError where it cannot be read."""
        try:
            return sha256_of(self._path)[:12]
        except OSError as exc:
            raise self._problem(exc.strerror or str(exc)) from exc

    @property
    def is_descriptor_file(self) -> bool:
        """Whether it is the descriptor file, which holds entry terms as well."""
        try:
            with self._open() as source:
                return source.read(1) == b"<"
        except (OSError, EOFError) as exc:
            raise self._problem(str(exc)) from exc

    def tree(self) -> MeshTree:
        """ConfigurationError where the file cannot be read or holds no tree. The descriptor file takes some seconds."""
        try:
            with self._open() as source:
                headings = tuple(_from_xml(source) if self.is_descriptor_file else _from_ascii(source))
        except (OSError, EOFError, etree.XMLSyntaxError, ValueError) as exc:
            raise self._problem(str(exc)) from exc
        if not any(heading.numbers for heading in headings):
            raise self._problem("it holds no tree numbers")
        return MeshTree(headings)

    def _open(self) -> gzip.GzipFile | BufferedReader:
        with self._path.open("rb") as file:
            compressed = file.read(2) == _GZIP
        return gzip.open(self._path) if compressed else self._path.open("rb")

    def _problem(self, reason: str) -> ConfigurationError:
        return ConfigurationError(
            f"the MeSH tree cannot be read from {self._path}: {reason}; set mesh_descriptors to NLM's desc2026.xml or "
            "mtrees2026.bin, or to nothing"
        )


def _from_xml(source: gzip.GzipFile | BufferedReader) -> Iterator[Heading]:
    for _, record in etree.iterparse(source, tag="DescriptorRecord", resolve_entities=False, no_network=True):
        name, ui = record.findtext("DescriptorName/String"), record.findtext("DescriptorUI")
        if not name or not ui:
            raise ValueError(f"line {record.sourceline}: a descriptor without name or identifier")
        numbers = (number.text or "" for number in record.iterfind("TreeNumberList/TreeNumber"))
        yield Heading(name=name.strip(), ui=ui.strip(), numbers=tuple(number.strip() for number in numbers))
        record.clear()
        while record.getprevious() is not None:
            del record.getparent()[0]


def _from_ascii(source: gzip.GzipFile | BufferedReader) -> Iterator[Heading]:
    """A line for each place: `Lung Neoplasms;C04.588.894.797.520`."""
    numbers: dict[str, list[str]] = defaultdict(list)
    for count, line in enumerate(source, start=1):
        name, separator, number = line.decode("utf-8").strip().rpartition(";")
        if not separator and not number:
            continue
        if not name or not number:
            raise ValueError(f"line {count}: {number[:60]!r} is no name and tree number with a semicolon between them")
        numbers[name].append(number)
    for name, places in numbers.items():
        yield Heading(name=name, numbers=tuple(places))
