"""`pathlit train image-adapter`: teaches an image encoder the words of a text encoder, from captioned images."""

from __future__ import annotations

import shlex
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pathlit.commands.options import AsJson
from pathlit.console import err, note, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.typed_command import typed_command
from retrieval.encoders.image.adapter_files import RECORD, AdapterRecord, write_adapter
from retrieval.encoders.opening import open_encoder
from retrieval.encoders.text import DEFAULT_MODEL
from retrieval.errors import InputError
from retrieval.exclusive import exclusive
from training.card import Card, Metric, write_card
from training.image_pairs import Example, Rejected, class_folders, measure, read_pairs, split

if TYPE_CHECKING:
    from retrieval.encoders.base import Encoder
    from retrieval.encoders.image.backbones import Backbone
    from training.image_adapter import Adapted

_SYNTHETIC, _DRAWN, _SHOWN = "synthetic", 100, 20
_DRAWINGS_ONLY: Final = (
    "TRAINED ON SYNTHETIC DRAWINGS ALONE: IT KNOWS ONLY DRAWINGS, AND NOTHING ABOUT REAL TISSUE. What it says about a "
    "real image means nothing; it is there to show and to test how image search works."
)
_DRAWINGS_TOO: Final = "PART OF THE TRAINING IMAGES ARE SYNTHETIC DRAWINGS, NOT TISSUE."
_ABOUT: Final = (
    "An adapter that reads what an image encoder sees in the words of a text encoder, so that articles can be searched "
    "for by an image. It knows the captions that it was trained with, and nothing else: an image of something else "
    "becomes a mixture of them too. It is for searching literature, for research and teaching; IT MUST NOT BE USED FOR "
    "DIAGNOSIS, GRADING OR DECISIONS ABOUT PATIENTS. Its accuracy says little about other laboratories, stains and "
    "scanners. The images may be under terms of their own, which bind whoever passes it on."
)


class Take(StrEnum):
    HALF = "half"
    OTHER_HALF = "other-half"
    ALL = "all"


def image_adapter(
    pairs: Annotated[
        list[str],
        typer.Argument(
            help='JSON Lines with "image" and "caption" (images beside the file or in images/), a folder with one '
            "folder of images per class, or synthetic, synthetic:PER_KIND."
        ),
    ],
    to: Annotated[Path, typer.Option(help="Folder to write the adapter in.")],
    backbone: Annotated[
        str, typer.Option(help="What sees the images: histology (packaged, no weights) or an image encoder.")
    ] = "histology",
    text_encoder: Annotated[str, typer.Option(help="Whose words it learns; that of the articles.")] = DEFAULT_MODEL,
    name: Annotated[
        list[str] | None, typer.Option(help='Caption of a class: FOLDER="words"; repeat. [default: the folder\'s name]')
    ] = None,
    take: Annotated[Take, typer.Option(help="Keep a half of each caption's files back to measure on.")] = Take.ALL,
    seed: Annotated[int, typer.Option(help="Another seed parts in other halves and draws other drawings.")] = 0,
    data: Annotated[str, typer.Option(help="What the images are, and their licence: for the card.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier adapter.")] = False,
    as_json: AsJson = False,
) -> None:
    """Teach an image encoder the words of the text encoder, from ten or more images with captions.

    Images that cannot be read, or that show nothing, are rejected and named. Accuracy is measured by cross-validation.

    \b
        pathlit train image-adapter captions.jsonl --to my-adapter --data "our teaching slides, CC BY 4.0"
        pathlit train image-adapter patches --to my-adapter --name lung_aca="lung adenocarcinoma" --take half
        pathlit train image-adapter patches --to my-adapter --backbone QuiltNet
        PATHLIT_IMAGE_ENCODER=my-adapter pathlit index --rebuild
    """
    from retrieval.encoders.image.backbones import open_backbone
    from training.image_adapter import fit_adapter

    accepted = read_settings().accepted_licences
    rejected: list[Rejected] = []
    drawn = sum(map(_is_synthetic, pairs))
    declared = "" if not drawn else _DRAWINGS_ONLY if drawn == len(pairs) else _DRAWINGS_TOO
    with _written(to, force=force) as folder, WorkProgress(err).shown() as progress:
        examples, total = _examples(pairs, _names(name or (), pairs), take, seed, rejected)
        seeing = open_backbone(backbone, accepted_licences=accepted)
        reading = open_encoder(text_encoder, accepted_licences=accepted)
        # A name that cannot be opened is told before hours of measuring.
        _ = seeing.id, reading.spec.id
        measured = measure(examples, seeing, hear=lambda done: progress.stage("Measuring images", done, total))
        rejected += measured.rejected
        if not measured.captions:
            first = f"; the first, {rejected[0].image}: {rejected[0].reason}" if rejected else ""
            raise InputError(f"none of {len(rejected):,} images can be learned from{first}")
        learned = fit_adapter(measured.features, measured.captions, reading.encode_queries, seed=seed)
        sources = ", ".join(word if _is_synthetic(word) else Path(word).resolve().name for word in pairs)
        record = _record(learned, (backbone, seeing), (text_encoder, reading), f"{declared} {data or sources}".strip())
        write_adapter(folder, record, learned.weights)
        counts = Counter(measured.captions)
        rows: dict[str, str | int] = {"from": sources, "take": take, "seed": seed, "rejected images": len(rejected)}
        card = _card(to, record, declared, counts, rows)
        write_card(folder, card)
    if as_json:
        print_json({"folder": str(to), "card": card, "measured": record.measured, "rejected": rejected})
        return
    _tell(to, record, declared, counts, rejected)


def _names(words: Sequence[str], sources: Sequence[str]) -> dict[str, str]:
    classes = {child.name for source in sources if Path(source).is_dir() for child in class_folders(Path(source))}
    names: dict[str, str] = {}
    for word in words:
        key, _, caption = (part.strip() for part in word.partition("="))
        if not key or not caption:
            raise InputError(f"--name {word!r} names nothing; write --name FOLDER='its caption'")
        if key not in classes:
            there = ", ".join(sorted(classes)) or "none, for only folders of classes have them"
            raise InputError(f"--name {word!r}: there is no class {key!r}; there are {there}")
        names[key] = caption
    return names


def _examples(
    words: Sequence[str], names: Mapping[str, str], take: Take, seed: int, rejected: list[Rejected]
) -> tuple[Iterator[Example], int]:
    """And how many there are; 0 where that shows only in the end. Lines without image or caption are `rejected`."""
    drawings = [_drawings(word, seed) for word in words if _is_synthetic(word)]
    if take is not Take.ALL and len(drawings) == len(words):
        raise InputError(f"--take {take.value} parts files, and drawings are none; take another --seed to measure on")
    # Parted together, so that an image which two sources list is in one half.
    listed = (read_pairs(word, names, on_reject=rejected.append) for word in words if not _is_synthetic(word))
    files = list(chain.from_iterable(listed))
    if take is not Take.ALL:
        files = split(files, seed)[take is Take.OTHER_HALF]
    read = [Example(str(path), path, caption) for path, caption in files]
    return chain(read, *drawings), 0 if drawings else len(read)


def _is_synthetic(word: str) -> bool:
    return word.partition(":")[0] == _SYNTHETIC


def _drawings(word: str, seed: int) -> Iterator[Example]:
    _, colon, number = word.partition(":")
    if colon and not (number.isdecimal() and int(number)):
        raise InputError(f"{word} does not say how many; write {_SYNTHETIC}:{_DRAWN} for {_DRAWN} of each kind")
    from training.synthetic_tissue import synthetic_pairs

    drawn = synthetic_pairs(int(number) if colon else _DRAWN, seed)
    return (Example(f"drawing {n} ({kind})", pixels, caption) for n, (pixels, caption, kind) in enumerate(drawn, 1))


def _record(learned: Adapted, seen: tuple[str, Backbone], read: tuple[str, Encoder], data: str) -> AdapterRecord:
    def lasting(name: str) -> str:  # a model's folder must be found again from any other folder
        return str(Path(name).resolve()) if Path(name).exists() else name

    return AdapterRecord(
        backbone=lasting(seen[0]),
        backbone_id=seen[1].id,
        text_encoder=lasting(read[0]),
        text_encoder_id=read[1].spec.id,
        temperature=learned.temperature,
        logit_scale=learned.logit_scale,
        familiar=learned.familiar,
        licence=seen[1].licence,
        captions=learned.captions,
        images=int(learned.measured["images"]),
        made_by=typed_command(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data=data,
        measured=learned.measured,
    )


def _card(to: Path, record: AdapterRecord, declared: str, counts: Counter[str], rows: Mapping[str, str | int]) -> Card:
    metrics = []
    if "accuracy" in record.measured:
        what = f"accuracy among {len(counts):,} captions, cross-validated; before: chance (always the commonest)"
        metrics.append(Metric(what, record.measured["chance"], record.measured["accuracy"]))
        metrics.append(Metric("log loss, cross-validated", None, record.measured["log loss"]))
    shown = {f"images: {caption}": count for caption, count in counts.most_common(_SHOWN)}
    return Card(
        title=to.resolve().name,
        made_by=record.made_by,
        created=record.created,
        base_models=(record.backbone_id, record.text_encoder_id),
        licence=record.licence,
        about=f"**{declared}** {_ABOUT}" if declared else _ABOUT,
        data={"in words": record.data, **rows, "images": record.images, "captions": len(counts), **shown},
        steps={"temperature": round(record.temperature, 3), "logit scale": round(record.logit_scale, 3)},
        metrics=tuple(metrics),
    )


def _tell(to: Path, record: AdapterRecord, declared: str, counts: Counter[str], rejected: Sequence[Rejected]) -> None:
    for one in rejected[:_SHOWN]:
        note("rejected:", f"{one.image}: {one.reason}")
    if len(rejected) > _SHOWN:
        note("rejected:", f"{len(rejected) - _SHOWN:,} more; --json names them all")
    if declared:
        note("drawings:", declared)
    found = "accuracy was not measured: too few images share their caption with others"
    if "accuracy" in record.measured:
        right, chance = record.measured["accuracy"], record.measured["chance"]
        found = f"accuracy in cross-validation {right:.1%}; by chance (always the commonest caption) {chance:.1%}"
    for line in (
        *(f"{count:>8,}  {caption}" for caption, count in counts.most_common(_SHOWN)),
        f"learned from {record.images:,} images with {len(counts):,} captions; {len(rejected):,} rejected",
        found,
        f"written to {to}; use it with PATHLIT_IMAGE_ENCODER={shlex.quote(str(to))} pathlit index --rebuild",
    ):
        out.print(line, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _written(to: Path, *, force: bool) -> Iterator[Path]:
    """A folder to write in, which takes its name when it is whole."""
    work = to.absolute().parent / f".{to.name}.unfinished"
    if not work.parent.is_dir():
        raise InputError(f"the folder {work.parent} does not exist; make it first, or give another name than {to}")
    if to.exists() and not force:
        raise InputError(f"{to} exists; give another name with --to, or --force")
    if to.exists() and not (to / RECORD).is_file():
        raise InputError(f"{to} is no image adapter, so --force does not replace it; give another name")
    work.mkdir(exist_ok=True)
    with exclusive(work / "lock", f"train image-adapter {to.name}"):
        try:
            # What a killed run left.
            shutil.rmtree(work / "adapter", ignore_errors=True)
            (work / "adapter").mkdir()
            yield work / "adapter"
            if to.exists():
                to.rename(work / "replaced")
            (work / "adapter").rename(to)
        finally:
            shutil.rmtree(work, ignore_errors=True)
