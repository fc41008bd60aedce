"""`pathlit evaluate images`: what image search finds, sees and stands, measured on images with captions or masks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer
from rich.table import Table
from rich.text import Text

from pathlit.commands.options import AsJson, Home
from pathlit.console import err, note, out, print_json
from pathlit.progress import WorkProgress
from pathlit.settings import read_settings
from pathlit.wiring import HomeFolder
from retrieval.errors import ConfigurationError, InputError

if TYPE_CHECKING:
    from evaluation.image.labels import Label
    from evaluation.image.results import ImageRun, Measured
    from evaluation.image.samples import Encoded, Rejected, Sample
    from retrieval.encoders.image.base import ImageEncoder
    from retrieval.image.search import ImageSearch
    from retrieval.index.interface import IndexReader


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


_SEARCHING: Final = (ImageTask.ARTICLES, ImageTask.COMPOSED)
_USING_INDEX: Final = (*_SEARCHING, ImageTask.CORRUPTIONS)
_SHOWN: Final = 10
_OF_CLASSES: Final = tuple(task for task in ImageTask if task not in (ImageTask.CAPTIONS, ImageTask.REGIONS))


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
        list[ImageTask] | None, typer.Option("--task", help="[default: all that the source gives]")
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help='Caption of a class: FOLDER="words"; repeat. [default: the label\'s name]')
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
    from evaluation.image.results import write_image_run

    place = HomeFolder(read_settings(home))
    labels = read_labels(file or LABELS)
    with WorkProgress(err).shown() as progress:

        def hear(stage: str) -> Callable[[int], None]:
            return lambda done: progress.stage(stage, done, 0)

        options = _Options(half, seed, most, cases, region)
        done = [
            run
            for source in sources
            for run in _measured(_Bench(place, source, _names(name or ()), labels, options, hear), tasks or ())
        ]
    stored = [write_image_run(runs, run) for run in done]
    if as_json:
        print_json({"runs": done})
        return
    for run, path in zip(done, stored, strict=True):
        _print(run, path)


class _Options(NamedTuple):
    half: Half
    seed: int
    most: int
    cases: int
    region: str


class _Bench:
    """One source of images, and what it is measured with; each part made when a task first asks for it."""

    def __init__(
        self,
        place: HomeFolder,
        source: str,
        names: Mapping[str, str],
        labels: Sequence[Label],
        options: _Options,
        hear: Callable[[str], Callable[[int], None]],
    ) -> None:
        self.place = place
        self.source = Path(source)
        self.names = names
        self.labels = labels
        self.options = options
        self.hear = hear

    @cached_property
    def encoder(self) -> ImageEncoder:
        encoder = self.place.image_encoder
        if encoder is None:
            raise ConfigurationError("no image encoder is configured; name one with PATHLIT_IMAGE_ENCODER")
        return encoder

    @cached_property
    def searched(self) -> tuple[ImageSearch, IndexReader] | None:
        """None where the home folder holds no generation."""
        if not self.place.store.all():
            return None
        searcher = self.place.open_searcher()
        return self.place.image_search(searcher), searcher.reader

    def require_searched(self) -> tuple[ImageSearch, IndexReader]:
        if self.searched is None:
            raise InputError(
                f"{self.place.home} holds no index to search; make one with `pathlit index`, or give --home"
            )
        return self.searched

    @property
    def generation(self) -> str:
        return self.searched[1].manifest.generation if self.searched else ""

    @cached_property
    def halves(self) -> tuple[list[Sample], list[Sample]]:
        """What is measured, and the other half."""
        from evaluation.image.labels import find_label
        from evaluation.image.samples import Sample
        from training.image_pairs import read_pairs, split

        pairs = read_pairs(self.source, self.names)
        first, other = (pairs, []) if self.options.half is Half.ALL else split(pairs, self.options.seed)
        if self.options.half is Half.OTHER:
            first, other = other, first

        def caption(path: Path, given: str) -> str:
            label = None if path.parent.name in self.names else find_label(self.labels, given)
            return label.name if label else given

        def samples(part: Sequence[tuple[Path, str]]) -> list[Sample]:
            return [Sample(f"{path.parent.name}/{path.name}", path, caption(path, given)) for path, given in part]

        return samples(first), samples(other)

    @cached_property
    def encoded(self) -> Encoded:
        from evaluation.image.samples import encode_samples

        hear = self.hear(f"Encoding {self.source.name}")
        return encode_samples(self.halves[0], self.encoder, with_features=self.with_features, hear=hear)

    with_features = False

    def captions(self) -> list[str]:
        return list(dict.fromkeys(sample.caption for part in self.halves for sample in part))


def _measured(bench: _Bench, tasks: Sequence[ImageTask]) -> Iterator[ImageRun]:
    chosen = tuple(dict.fromkeys(tasks)) or _given_by(bench)
    bench.with_features = ImageTask.SIMILAR in chosen
    for task in chosen:
        if task is ImageTask.REGIONS:
            yield _regions(bench)
        else:
            yield _run(bench, _TASKS[task](bench), bench.encoded.rejected, bench.halves[0])


def _given_by(bench: _Bench) -> tuple[ImageTask, ...]:
    from evaluation.image.regions import has_masks

    if bench.source.is_dir() and has_masks(bench.source):
        return (ImageTask.REGIONS,)
    if not bench.source.is_dir():
        return (ImageTask.CAPTIONS,)
    if bench.searched is None:
        note("not measured:", f"{', '.join(_SEARCHING)}; {bench.place.home} holds no index")
    return tuple(task for task in _OF_CLASSES if bench.searched or task not in _SEARCHING)


def _articles(bench: _Bench) -> Measured:
    from evaluation.image.articles import measure_articles

    search, reader = bench.require_searched()
    return measure_articles(search, bench.encoded, bench.labels, reader)


def _captions(bench: _Bench) -> Measured:
    from evaluation.image.captions import measure_captions
    from retrieval.encoders.image.adapted import AdaptedEncoder

    seen = bench.encoder.record.captions if isinstance(bench.encoder, AdaptedEncoder) else ()
    return measure_captions(bench.encoded, bench.encoder, bench.captions(), seen)


def _concepts(bench: _Bench) -> Measured:
    from evaluation.image.zero_shot import measure_concepts
    from retrieval.vocabulary.concepts import CONCEPTS, read_concepts

    vocabulary = read_concepts(bench.place.settings.concepts or CONCEPTS)
    return measure_concepts(bench.encoded, bench.encoder, bench.captions(), vocabulary, bench.labels)


def _similar(bench: _Bench) -> Measured:
    from evaluation.image.similar import measure_similar

    return measure_similar(bench.encoded)


def _corruptions(bench: _Bench) -> Measured:
    from evaluation.image.articles import labelled, precision
    from evaluation.image.robustness import accuracy_of, measure_corruptions
    from evaluation.image.samples import encode_samples, pictures, stratified
    from retrieval.image.concepts import ConceptFinder
    from retrieval.vocabulary.concepts import Concept

    options = bench.options
    kept = stratified(bench.encoded.samples, options.most, options.seed)
    if bench.searched is not None:
        search = bench.searched[0]
        rows = [bench.encoded.samples.index(sample) for sample in kept]
        judged, own = labelled(bench.encoded.only(rows), bench.labels)
        kept, what = judged.samples, "precision@10"
        score = lambda vectors: precision(search, vectors, own)[0]  # noqa: E731
    else:
        captions = bench.captions()
        concepts = [Concept(name=caption, kind="entity", query=caption, prompts=(caption,)) for caption in captions]
        finder, what = ConceptFinder(bench.encoder, concepts), "accuracy"
        score = accuracy_of(finder.probabilities, [captions.index(sample.caption) for sample in kept])
    hear = bench.hear(f"Encoding the other half of {bench.source.name}")
    other = encode_samples(bench.halves[1], bench.encoder, hear=hear).vectors if bench.halves[1] else None
    shown = {sample.name: picture for sample, picture in pictures(kept)}
    told = lambda step: bench.hear(f"Damaging images: {step}")(0)  # noqa: E731
    return measure_corruptions(shown, bench.encoder.encode_images, score, what, other, hear=told)


def _composed(bench: _Bench) -> Measured:
    from evaluation.image.articles import IndexedArticles, labelled
    from evaluation.image.composed import make_cases
    from evaluation.image.composed_runs import measure_composed

    search, reader = bench.require_searched()
    judged, own = labelled(bench.encoded, bench.labels)
    shown: dict[str, list[str]] = {}
    for sample, label in zip(judged.samples, own, strict=True):
        shown.setdefault(label.name, []).append(sample.name)
    options = bench.options
    vocabulary = bench.place.vocabulary
    cases = make_cases(
        IndexedArticles(reader), shown, options.seed, options.cases, labels=bench.labels, vocabulary=vocabulary
    )
    vectors = {sample.name: vector for sample, vector in zip(judged.samples, judged.vectors, strict=True)}
    return measure_composed(search, cases, vectors)


_TASKS: Final[dict[ImageTask, Callable[[_Bench], Measured]]] = {
    ImageTask.ARTICLES: _articles,
    ImageTask.CAPTIONS: _captions,
    ImageTask.CONCEPTS: _concepts,
    ImageTask.SIMILAR: _similar,
    ImageTask.CORRUPTIONS: _corruptions,
    ImageTask.COMPOSED: _composed,
}


def _regions(bench: _Bench) -> ImageRun:
    from evaluation.image.regions import has_masks, measure_regions, read_masked
    from evaluation.image.samples import Sample

    if not has_masks(bench.source):
        raise InputError(f"{bench.source} has no images/ and masks/ to measure regions on")
    pairs = read_masked(bench.source)
    measured, rejected = measure_regions(pairs, bench.options.region, bench.hear("Marking regions"))
    drawn = [Sample(pair.name, pair.image, bench.options.region) for pair in pairs]
    return _run(bench, measured, rejected, drawn, sees=False)


def _run(
    bench: _Bench, measured: Measured, rejected: Sequence[Rejected], samples: Sequence[Sample], *, sees: bool = True
) -> ImageRun:
    from evaluation.image.results import ImageRun, fingerprint
    from pathlit.commands.evaluate import _commit

    options = bench.options
    return ImageRun(
        source=bench.source.resolve().name,
        fingerprint=fingerprint(samples),
        images=len(samples),
        rejected=tuple(rejected),
        generation=bench.generation if sees and measured.task in _USING_INDEX else "",
        encoder=bench.encoder.spec.id if sees else "",
        commit=_commit(),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        settings={"half": options.half.value, "seed": str(options.seed)},
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


def _print(run: ImageRun, path: Path) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column(f"{run.measured.task}, {run.source}")
    for name in ("mean", "95 %", "chance", "n"):
        table.add_column(name, justify="right")
    for line in run.measured.lines:
        value = line.value
        chance = "" if line.chance is None else f"{line.chance:.4f}"
        table.add_row(Text(line.name), f"{value.mean:.4f}", f"{value.low:.4f}-{value.high:.4f}", chance, str(line.n))
    out.print(table)
    for where, bins in run.measured.reliability.items():
        out.print(f"reliability {where}: confidence -> accuracy (images)", markup=False)
        told = (f"{own.confidence:.2f} -> {own.accuracy:.2f} ({own.n})" for own in bins)
        out.print("  " + "; ".join(told), markup=False)
    for sentence in run.measured.notes:
        note("note:", sentence)
    for refused in run.rejected[:_SHOWN]:
        note("rejected:", f"{refused.image}: {refused.reason}")
    if len(run.rejected) > _SHOWN:
        note("rejected:", f"{len(run.rejected) - _SHOWN} more, named in {path}")
    out.print(f"stored in {path}", markup=False, soft_wrap=True)
    out.print()
