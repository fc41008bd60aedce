"""What a generation says of itself: everything needed to decide whether, and how, it can be read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from retrieval.analysis import Analyzer
from retrieval.checksums import sha256_of
from retrieval.encoders.base import EncoderSpec
from retrieval.errors import GenerationError, IncompatibleError, VerificationError
from retrieval.records import Record

FORMAT_VERSION: Final = 3
MANIFEST_NAME: Final = "manifest.json"


class FileSum(Record, frozen=True):
    bytes: int
    sha256: str


class Manifest(Record, frozen=True):
    generation: str
    """Its number as six digits: "000042"."""
    format_version: int
    created: str
    """UTC, ISO 8601."""
    analyzer: str
    """The analyzer's fingerprint."""
    stemmer: str
    encoder: EncoderSpec | None
    """None for a generation without vectors, which is searched by words alone."""
    articles: int
    vectors: int
    source: str
    """Where the catalog was current to: its newest PubMed update file, otherwise the source read last."""
    files: dict[str, FileSum]
    """Every other file of the generation, by its path below it."""
    source_date: str = ""
    """The day of that source (ISO), empty where it is not known."""
    catalog_changes: int = -1
    """How often the catalog had been changed, -1 where that is not known: tells whether there is anything to build."""
    integrity: dict[str, int] = msgspec.field(default_factory=dict)
    """Articles by integrity status, those in good standing left out."""
    image_encoder: EncoderSpec | None = None
    """Whose joint space of images and texts the generation holds; None where images cannot be asked with."""
    joint_texts: int = 0
    """Rows of the joint space: articles' texts and figures' captions."""
    joint_images: int = 0
    """Figures whose images are in the joint space."""
    figures: str = ""
    """Which figures there were, by their fingerprint."""
    classified_by: str = ""
    """The tables of species, organs and study types, and the MeSH tree, by their fingerprints."""


def read_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST_NAME
    try:
        return manifest_from(msgspec.json.decode(path.read_bytes(), type=dict[str, object]), folder.name)
    except (OSError, msgspec.MsgspecError) as exc:
        raise GenerationError(f"the manifest {path} cannot be read: {exc}; rebuild or roll back") from exc


def manifest_from(found: Mapping[str, object], generation: str) -> Manifest:
    """From its JSON; IncompatibleError where another pathlit wrote it, msgspec.ValidationError where it is none."""
    version = found.get("format_version")
    if version != FORMAT_VERSION:
        raise IncompatibleError(
            f"generation {generation} has format {version}, this pathlit reads format {FORMAT_VERSION}; "
            "rebuild it with `pathlit index`, which needs no new download"
        )
    return msgspec.convert(found, Manifest)


def write_manifest(folder: Path, manifest: Manifest) -> None:
    (folder / MANIFEST_NAME).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=2))


def require_analyzer(manifest: Manifest, analyzer: Analyzer) -> None:
    if manifest.analyzer != analyzer.fingerprint:
        raise IncompatibleError(
            f"generation {manifest.generation} was built with analyzer {manifest.analyzer} ({manifest.stemmer}), this "
            f"pathlit has {analyzer.fingerprint} ({analyzer.stemmer}); rebuild it with `pathlit index`"
        )


def require_encoder(manifest: Manifest, encoder: EncoderSpec) -> None:
    built_with = manifest.encoder
    if built_with is not None and (built_with.id, built_with.dimension) != (encoder.id, encoder.dimension):
        raise IncompatibleError(
            f"generation {manifest.generation} was built with encoder {built_with.id} ({built_with.dimension} "
            f"dimensions), the configured one is {encoder.id} ({encoder.dimension}); configure the first "
            "(PATHLIT_ENCODER), or rebuild with the second"
        )


def require_image_encoder(manifest: Manifest, encoder: EncoderSpec) -> None:
    built_with = manifest.image_encoder
    if built_with is not None and built_with.id != encoder.id:
        raise IncompatibleError(
            f"the joint space of generation {manifest.generation} is that of the image encoder {built_with.id}, the "
            f"configured one is {encoder.id}; configure the first (PATHLIT_IMAGE_ENCODER), or build again with the "
            "second: `pathlit index`"
        )


def sums(folder: Path) -> dict[str, FileSum]:
    """Size and SHA-256 of every file of a generation but its manifest."""
    return {
        str(path.relative_to(folder)): FileSum(bytes=path.stat().st_size, sha256=sha256_of(path))
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST_NAME and not path.name.startswith(".")
    }


def require_files(folder: Path, manifest: Manifest, *, checksums: bool) -> None:
    """Check that every file is there in full; reading all of them only where `checksums` asks for it."""
    for name, expected in manifest.files.items():
        path = folder / name
        size = path.stat().st_size if path.is_file() else -1
        if size != expected.bytes:
            found = "is missing" if size < 0 else f"has {size:,} bytes"
            raise VerificationError(
                f"generation {manifest.generation}: {name} {found}, its manifest says {expected.bytes:,} bytes; "
                "rebuild or roll back"
            )
        if checksums and sha256_of(path) != expected.sha256:
            raise VerificationError(
                f"generation {manifest.generation}: {name} is damaged (its SHA-256 differs); rebuild it with "
                "`pathlit index --rebuild`, or roll back"
            )
