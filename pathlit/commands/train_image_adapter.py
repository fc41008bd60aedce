"""`pathlit train image-adapter`: teaches an image encoder the words of a text encoder, from captioned images."""

from __future__ import annotations

import shlex
import shutil
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer

from pathlit.commands.options import AsJson
from pathlit.console import err, note, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from retrieval.encoders.image.adapter_files import RECORD, AdapterRecord, write_adapter
from retrieval.encoders.opening import open_encoder
from retrieval.encoders.text import DEFAULT_MODEL
from retrieval.errors import InputError, RecordError
from retrieval.exclusive import exclusive
from training.card import Card, Metric, write_card
from training.image_pairs import Example, Measured, Rejected, class_folders, measure, read_pairs, split

if TYPE_CHECKING:
    from retrieval.encoders.base import Encoder
    from retrieval.encoders.image.backbones import Backbone
    from training.image_adapter import Adapted

_SYNTHETIC: Final = "synthetic"
_DRAWN: Final = 100
_SHOWN: Final = 20
_DRAWINGS_ONLY: Final = (
    "TRAINED ON SYNTHETIC DRAWINGS ALONE: IT KNOWS ONLY DRAWINGS, AND NOTHING ABOUT REAL TISSUE. What it says about a "
    "real image means nothing; it is there to show and to test how image search works."
)
_DRAWINGS_TOO: Final = "PART OF ITS TRAINING IMAGES ARE SYNTHETIC DRAWINGS, NOT TISSUE."
_ABOUT: Final = (
    "An adapter that reads the features of an image encoder in the words of a text encoder, so that articles can be "
    "searched for by an image. It knows no more than the captions that it was trained with, and gives every image a "
    "mixture of them, also an image of something else. It is for searching literature, for research and teaching; IT "
    "MUST NOT BE USED FOR DIAGNOSIS, GRADING OR DECISIONS ABOUT PATIENTS, and its accuracy, measured on images that "
    "came from where the training images came from, says little about other laboratories, stains and scanners. The "
    "images may be under terms of their own that bind whoever passes it on."
)


class Take(StrEnum):
    HALF = "half"
    OTHER_HALF = "other-half"
    ALL = "all"


class _Source(NamedTuple):
    words: str
    """What it is called in the card."""
    examples: Iterator[Example]
    count: int
    """0 where it shows only in the end."""


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
    """Teach an image encoder the words of the text encoder, from images with captions; ten are enough to begin.

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
    with _written(to, force=force) as folder, WorkProgress(err).shown() as progress:
        rejected: list[Rejected] = []
        sources = _sources(pairs, _captions(name or (), pairs), take, seed, rejected)
        seeing = open_backbone(backbone, accepted_licences=accepted)
        reading = open_encoder(text_encoder, accepted_licences=accepted)
        # A name that cannot be opened is told before hours of measuring.
        _ = seeing.id, reading.spec.id
        examples = (example for source in sources for example in source.examples)
        total = sum(source.count for source in sources) if all(source.count for source in sources) else 0
        measured = measure(examples, seeing, hear=lambda done: progress.stage("Measuring images", done, total))
        rejected += measured.rejected
        if not measured.captions:
            first = f"; the first, {rejected[0].image}: {rejected[0].reason}" if rejected else ""
            raise InputError(f"none of {len(rejected):,} images can be learned from{first}")
        learned = fit_adapter(measured.features, measured.captions, reading.encode_queries, seed=seed)
        learned.measured.update(_chance(measured.captions))
        words = " ".join([data, *_declared(pairs)]).strip() or ", ".join(source.words for source in sources)
        record = _record(learned, (backbone, seeing), (text_encoder, reading), words)
        write_adapter(folder, record, learned.weights)
        steps = {"take": take.value, "seed": seed}
        card = _card(to, record, [source.words for source in sources], measured, len(rejected), steps, _declared(pairs))
        write_card(folder, card)
    if as_json:
        print_json({"folder": str(to), "card": card, "measured": record.measured, "rejected": rejected})
        return
    _tell(to, record, measured, rejected, _declared(pairs))


def _captions(words: Sequence[str], sources: Sequence[str]) -> dict[str, str]:
    classes = [child.name for source in sources if Path(source).is_dir() for child in class_folders(Path(source))]
    names: dict[str, str] = {}
    for word in words:
        key, _, caption = (part.strip() for part in word.partition("="))
        if not key or not caption:
            raise InputError(f"--name {word!r} names nothing; write --name FOLDER='its caption'")
        if key not in classes:
            there = ", ".join(sorted(set(classes))) or "none, for only folders of classes have them"
            raise InputError(f"--name {word!r}: there is no class {key!r}; there are {there}")
        names[key] = caption
    return names


def _sources(
    words: Sequence[str], names: Mapping[str, str], take: Take, seed: int, rejected: list[Rejected]
) -> list[_Source]:
    """The files of all sources are parted together: an image that two of them list is in one half."""

    def reject(error: RecordError) -> None:
        rejected.append(Rejected(f"{error.source}, {error.identifier}", error.reason))

    drawn = [_drawn(word, seed) for word in words if _is_synthetic(word)]
    if take is not Take.ALL and len(drawn) == len(words):
        raise InputError(f"--take {take.value} parts files, and drawings are none; take another --seed to measure on")
    read = {word: read_pairs(word, names, on_reject=reject) for word in words if not _is_synthetic(word)}
    kept = [pair for pairs in read.values() for pair in pairs]
    if take is not Take.ALL:
        kept = split(kept, seed)[take is Take.OTHER_HALF]
    files = [_Source(", ".join(Path(word).resolve().name for word in read), _filed(kept), len(kept))] if read else []
    return [*files, *drawn]


def _filed(pairs: Sequence[tuple[Path, str]]) -> Iterator[Example]:
    return (Example(str(path), path, caption) for path, caption in pairs)


def _is_synthetic(word: str) -> bool:
    return word.partition(":")[0] == _SYNTHETIC


def _declared(words: Sequence[str]) -> list[str]:
    """What must be said of drawings, as one sentence or none."""
    drawn = sum(map(_is_synthetic, words))
    return [] if not drawn else [_DRAWINGS_ONLY if drawn == len(words) else _DRAWINGS_TOO]


def _drawn(word: str, seed: int) -> _Source:
    _, colon, number = word.partition(":")
    if colon and not (number.isdecimal() and int(number)):
        raise InputError(f"{word} does not say how many; write {_SYNTHETIC}:{_DRAWN} for {_DRAWN} of each kind")
    per_kind = int(number) if colon else _DRAWN

    def draw() -> Iterator[Example]:
        from training.synthetic_tissue import synthetic_pairs

        for count, (pixels, caption, kind) in enumerate(synthetic_pairs(per_kind, seed), 1):
            yield Example(f"drawing {count} ({kind})", pixels, caption)

    return _Source(f"synthetic drawings, {per_kind:,} of each kind", draw(), 0)


def _chance(captions: Sequence[str]) -> dict[str, float]:
    """How often the commonest caption would be right, among images whose caption others have."""
    counts = [count for count in Counter(captions).values() if count > 1]
    return {"chance": round(max(counts) / sum(counts), 4)} if counts else {}


def _record(learned: Adapted, seen: tuple[str, Backbone], read: tuple[str, Encoder], data: str) -> AdapterRecord:
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return AdapterRecord(
        backbone=_lasting(seen[0]),
        backbone_id=seen[1].id,
        text_encoder=_lasting(read[0]),
        text_encoder_id=read[1].spec.id,
        temperature=learned.temperature,
        logit_scale=learned.logit_scale,
        licence=seen[1].licence,
        captions=learned.captions,
        images=int(learned.measured["images"]),
        made_by=shlex.join(["pathlit", *words]),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data=data,
        measured=learned.measured,
    )


def _lasting(name: str) -> str:
    """A model's folder is found again from any other folder."""
    return str(Path(name).resolve()) if Path(name).exists() else name


def _card(
    to: Path,
    record: AdapterRecord,
    sources: Sequence[str],
    measured: Measured,
    rejected: int,
    steps: Mapping[str, str | int],
    declared: Sequence[str],
) -> Card:
    from training.image_adapter import SHRINKAGE

    common = Counter(measured.captions).most_common(_SHOWN)
    metrics = []
    if "accuracy" in record.measured:
        what = f"accuracy among {len(record.captions):,} captions, cross-validated; before: always the commonest one"
        metrics.append(Metric(what, record.measured["chance"], record.measured["accuracy"]))
        metrics.append(Metric("log loss, cross-validated", None, record.measured["log loss"]))
    return Card(
        title=to.resolve().name,
        made_by=record.made_by,
        created=record.created,
        base_models=(record.backbone_id, record.text_encoder_id),
        licence=record.licence,
        about=" ".join([*(f"**{sentence}**" for sentence in declared), _ABOUT]),
        data={
            "in words": record.data,
            "from": ", ".join(sources),
            "images": record.images,
            "rejected images": rejected,
            "captions": len(record.captions),
            **{f"images: {caption}": count for caption, count in common},
        },
        steps={
            **steps,
            "shrinkage": SHRINKAGE,
            "temperature": round(record.temperature, 3),
            "logit scale": round(record.logit_scale, 3),
        },
        metrics=tuple(metrics),
    )


def _tell(
    to: Path, record: AdapterRecord, measured: Measured, rejected: Sequence[Rejected], declared: Sequence[str]
) -> None:
    def say(line: str) -> None:
        out.print(line, highlight=False, markup=False, soft_wrap=True)

    for one in rejected[:_SHOWN]:
        note("rejected:", f"{one.image}: {one.reason}")
    if len(rejected) > _SHOWN:
        note("rejected:", f"{len(rejected) - _SHOWN:,} more; --json names them all")
    for caption, count in Counter(measured.captions).most_common(_SHOWN):
        say(f"{count:>8,}  {caption}")
    say(f"learned from {record.images:,} images with {len(record.captions):,} captions; {len(rejected):,} rejected")
    if "accuracy" in record.measured:
        say(
            f"accuracy in cross-validation {record.measured['accuracy']:.1%}; naming always the commonest caption, "
            f"{record.measured['chance']:.1%}"
        )
    else:
        say("accuracy was not measured: too few images share their caption with others")
    for sentence in declared:
        note("drawings:", sentence)
    say(f"written to {to}; use it with PATHLIT_IMAGE_ENCODER={shlex.quote(str(to))} pathlit index --rebuild")


@contextmanager
def _written(to: Path, *, force: bool) -> Iterator[Path]:
    """A folder to write in, which takes its name when it is whole; what a killed run left is removed first."""
    parent = to.absolute().parent
    if not parent.is_dir():
        raise InputError(f"the folder {parent} does not exist; make it first, or give another name than {to}")
    work = parent / f".{to.name}.unfinished"
    unfinished, replaced = work / "adapter", work / "replaced"
    work.mkdir(exist_ok=True)
    with exclusive(work / "lock", f"train image-adapter {to.name}"):
        try:
            _put_back(replaced, to)
            if to.exists() and not force:
                raise InputError(f"{to} exists; give another name with --to, or --force")
            if to.exists() and not (to / RECORD).is_file():
                raise InputError(f"{to} is no image adapter, so --force does not replace it; give another name")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            yield unfinished
            if to.exists():
                to.rename(replaced)
            unfinished.rename(to)
        finally:
            _put_back(replaced, to)
            shutil.rmtree(work, ignore_errors=True)


def _put_back(replaced: Path, to: Path) -> None:
    """What was stopped between its two renamings left the old adapter under the other name."""
    if replaced.exists() and not to.exists():
        replaced.rename(to)
    shutil.rmtree(replaced, ignore_errors=True)
