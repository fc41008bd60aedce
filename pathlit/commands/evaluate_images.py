"""`pathlit evaluate images`: what image search finds, sees and stands, measured on images with captions or masks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from pathlit.commands.options import AsJson, Home
from pathlit.console import err, note, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    from evaluation.image.labels import Label
    from evaluation.image.results import ImageRun
    from evaluation.image.samples import Sample
    from evaluation.image.tasks import Bench, Hear


class ImageTask(StrEnum):
    ARTICLES = "articles"
    CAPTIONS = "captions"
    CONCEPTS = "concepts"
    SIMILAR = "similar"
    REGIONS = "regions"
    CORRUPTIONS = "corruptions"
    COMPOSED = "composed"


class Half(StrEnum):
    ALL = "all"
    FIRST = "first"
    OTHER = "other"


_OF_CLASSES: Final = tuple(task for task in ImageTask if task not in (ImageTask.CAPTIONS, ImageTask.REGIONS))
_SEARCHING: Final = (ImageTask.ARTICLES, ImageTask.COMPOSED)
"""Without an index they cannot be measured; corruptions are measured on the concepts then."""
_SHOWN: Final = 10


def images(
    sources: Annotated[
        list[str],
        typer.Argument(
            help='JSON Lines with "image" and "caption", a folder with one folder of images per class, or a folder '
            "with images/ and masks/.",
            show_default=False,
        ),
    ],
    tasks: Annotated[
        list[ImageTask] | None, typer.Option("--task", help="Repeat. [default: what the source gives]")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help='Caption of a class: FOLDER="words"; repeat. [default: its label\'s name]')
    ] = None,
    half: Annotated[
        Half, typer.Option(help="Measure on one half: other is what `train image-adapter --take half` left.")
    ] = Half.ALL,
    seed: Annotated[int, typer.Option(help="As in training; also chooses samples and cases.")] = 0,
    most: Annotated[int, typer.Option("--most", min=8, help="Images of the corruption suite.")] = 60,
    cases: Annotated[int, typer.Option("--cases", min=1, help="Composed cases.")] = 60,
    region: Annotated[str, typer.Option(help="What the masks mark, in words.")] = "glands",
    file: Annotated[Path | None, typer.Option("--labels", help="TOML file of labels. [default: the packaged]")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Folder of stored runs.")] = Path("runs"),
    home: Home = None,
    as_json: AsJson = False,
) -> None:
    """Measure image search on images with captions, classes or masks.

    \b
    articles     precision@10 of the articles found, judged by words of organ and diagnosis
    captions     recall@1, 5, 10 of the own caption among all distinct ones
    concepts     zero-shot accuracy, calibration and abstention
    similar      images of the same class among the nearest
    regions      Dice and IoU of a region named in words
    corruptions  how much worse it gets, when the gate warns, what stain handling saves
    composed     nDCG@10 of cases of image, report and genes

    \b
        pathlit evaluate images patches --home my-library --half other --name lung_aca="lung adenocarcinoma"
        pathlit evaluate images captions.jsonl masked-images --runs runs
    """
    from evaluation.image.labels import LABELS, read_labels
    from evaluation.image.report import told
    from evaluation.image.results import write_image_run

    place = HomeFolder(read_settings(home))
    labels, names = read_labels(file or LABELS), _names(name or ())
    done: list[ImageRun] = []
    with WorkProgress(err).shown() as progress:

        def hear(what: str, count: int) -> None:
            progress.stage(what, count, 0)

        for source in map(Path, sources):
            wanted = list(dict.fromkeys(tasks or _given_by(place, source)))
            if ImageTask.REGIONS in wanted:
                wanted.remove(ImageTask.REGIONS)
                done.append(_regions(source, region, hear))
            if wanted:
                parts = _parts(source, names, half, seed, labels)
                bench = _bench(place, labels, parts, wanted, (seed, most, cases), hear)
                done += (_run(source, bench, task, {"half": half.value, "seed": str(seed)}) for task in wanted)
    stored = [write_image_run(runs, run) for run in done]
    if as_json:
        print_json({"runs": done})
        return
    for run, path in zip(done, stored, strict=True):
        for line in told(run.measured, f"{run.measured.task}, {run.source}"):
            out.print(line, markup=False, soft_wrap=True)
        for refused in run.rejected[:_SHOWN]:
            note("rejected:", f"{refused.image}: {refused.reason}")
        out.print(f"{run.images - len(run.rejected):,} images; stored in {path}\n", markup=False, soft_wrap=True)


def _given_by(place: HomeFolder, source: Path) -> list[ImageTask]:
    from evaluation.image.regions import has_masks

    if source.is_dir() and has_masks(source):
        return [ImageTask.REGIONS]
    if not source.is_dir():
        return [ImageTask.CAPTIONS]
    if place.store.all():
        return list(_OF_CLASSES)
    note("not measured:", f"{', '.join(_SEARCHING)}; {place.home} holds no index")
    return [task for task in _OF_CLASSES if task not in _SEARCHING]


def _parts(
    source: Path, names: Mapping[str, str], half: Half, seed: int, labels: Sequence[Label]
) -> tuple[list[Sample], list[Sample]]:
    """What is measured on, and the other half. A class without a name of its own has its label's."""
    from evaluation.image.labels import find_label
    from evaluation.image.samples import Sample
    from training.image_pairs import ImagePair, read_pairs, split

    pairs = read_pairs(source, names)
    first, other = (pairs, []) if half is Half.ALL else split(pairs, seed)

    def sample(pair: ImagePair) -> Sample:
        folder = pair.path.parent.name
        label = None if folder in names else find_label(labels, pair.caption)
        return Sample(f"{folder}/{pair.path.name}", pair.path, label.name if label else pair.caption)

    one, two = [sample(pair) for pair in first], [sample(pair) for pair in other]
    return (two, one) if half is Half.OTHER else (one, two)


def _bench(
    place: HomeFolder,
    labels: Sequence[Label],
    parts: tuple[Sequence[Sample], Sequence[Sample]],
    tasks: Sequence[ImageTask],
    numbers: tuple[int, int, int],
    hear: Hear,
) -> Bench:
    from evaluation.image.tasks import Bench, Index, Known
    from retrieval.vocabulary.concepts import CONCEPTS, read_concepts

    if place.image_encoder is None:
        raise ConfigurationError("no image encoder is configured; name one with PATHLIT_IMAGE_ENCODER")
    index = None
    if place.store.all() and any(task in (*_SEARCHING, ImageTask.CORRUPTIONS) for task in tasks):
        searcher = place.open_searcher()
        index = Index(place.image_search(searcher), searcher.reader)
    seed, most, cases = numbers
    return Bench(
        place.image_encoder,
        index,
        Known(labels, read_concepts(place.settings.concepts or CONCEPTS), place.vocabulary),
        *parts,
        seed=seed,
        most=most,
        cases=cases,
        with_features=ImageTask.SIMILAR in tasks,
        hear=hear,
    )


def _run(source: Path, bench: Bench, task: ImageTask, settings: dict[str, str]) -> ImageRun:
    from evaluation.image.results import ImageRun, fingerprint
    from pathlit.commands.evaluate import _commit

    searching = bench.index is not None and task in (*_SEARCHING, ImageTask.CORRUPTIONS)
    measured = bench.measure(task)
    return ImageRun(
        source=source.resolve().name,
        fingerprint=fingerprint(bench.samples),
        images=len(bench.samples),
        rejected=tuple(bench.encoded.rejected),
        generation=bench.index.reader.manifest.generation if bench.index and searching else "",
        encoder=bench.encoder.spec.id,
        commit=_commit(),
        created=_now(),
        settings=settings,
        measured=measured,
    )


def _regions(source: Path, region: str, hear: Hear) -> ImageRun:
    from evaluation.image.regions import has_masks, measure_regions, read_masked
    from evaluation.image.results import ImageRun, fingerprint
    from evaluation.image.samples import Sample
    from pathlit.commands.evaluate import _commit

    if not source.is_dir() or not has_masks(source):
        raise InputError(f"{source} has no images/ and masks/ to measure regions on")
    pairs = read_masked(source)
    measured, rejected = measure_regions(pairs, region, lambda done: hear("Marking regions", done))
    return ImageRun(
        source=source.resolve().name,
        fingerprint=fingerprint(Sample(pair.name, pair.image, region) for pair in pairs),
        images=len(pairs),
        rejected=tuple(rejected),
        generation="",
        encoder="",
        commit=_commit(),
        created=_now(),
        settings={"region": region},
        measured=measured,
    )


def _names(words: Sequence[str]) -> dict[str, str]:
    names = {}
    for word in words:
        folder, _, caption = (part.strip() for part in word.partition("="))
        if not folder or not caption:
            raise InputError(f"--name {word!r} names nothing; write --name FOLDER='its caption'")
        names[folder] = caption
    return names


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
