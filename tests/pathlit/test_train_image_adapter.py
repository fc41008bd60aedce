"""`pathlit train image-adapter` as it is typed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from pathlit.commands import train_image_adapter
from retrieval.encoders.image.adapted import AdaptedEncoder
from retrieval.image.picture import Pixels, read_picture
from tests.pathlit.conftest import Ran, Run
from tests.retrieval.encoders.checkpoints import save_sentence_model
from training.image_pairs import Example, Measured, measure, read_pairs, split

COLOURS = {"lung_n": (0.2, 0.75, 0.2), "colon_n": (0.75, 0.7, 0.25)}
EACH = 10
LC25000 = {
    "lung_aca": "lung adenocarcinoma",
    "lung_n": "normal lung tissue",
    "lung_scc": "lung squamous cell carcinoma",
    "colon_aca": "colon adenocarcinoma",
    "colon_n": "normal colon mucosa",
}


def section(kind: str, seed: int) -> Pixels:
    """Stained by Beer and Lambert's law; lung is finer and redder than colon."""
    rng = np.random.default_rng(seed)
    field = ndimage.gaussian_filter(rng.standard_normal((72, 72)), 1.5 if kind == "lung_n" else 3)
    density = (1 + field / field.std() * 0.5).clip(0.1)[..., None] * np.array(COLOURS[kind])
    return np.asarray(np.clip(245 * np.exp(-density) + rng.normal(0, 2, (72, 72, 1)), 0, 255), dtype=np.uint8)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of two classes of sections, and the tiny text encoder `words`."""
    monkeypatch.chdir(tmp_path)
    save_sentence_model(Path("words"))
    for kind in COLOURS:
        (tmp_path / "patches" / kind).mkdir(parents=True)
        for n in range(EACH):
            Image.fromarray(section(kind, n)).save(tmp_path / "patches" / kind / f"{kind}{n}.png")
    return tmp_path


@pytest.fixture
def train(run: Run) -> Run:
    def type_command(*words: str) -> Ran:
        return run("train", "image-adapter", *words, "--text-encoder", "words")

    return type_command


def test_classes_become_words_with_a_card_that_says_how_well(train: Run, place: Path) -> None:
    ran = train("patches", "--to", "mine", "--name", "lung_n=lung", "--name", "colon_n=colon", "--data", "Made up, CC0")
    assert ran.code == 0, ran.err
    assert "learned from 20 images with 2 captions; 0 rejected" in ran.out
    assert "accuracy in cross-validation 100.0%; by chance (always the commonest caption) 50.0%" in ran.out
    assert "use it with PATHLIT_IMAGE_ENCODER=mine pathlit index --rebuild" in ran.out
    record = tomllib.loads(Path("mine/adapter.toml").read_text())
    assert record["captions"] == ["colon", "lung"]
    assert record["data"] == "Made up, CC0"
    assert record["licence"] == "MIT"
    card = Path("mine/README.md").read_text()
    for said in ("license: mit", "MUST NOT BE USED FOR DIAGNOSIS", "Made up, CC0", "cross-validated", "| 0.5 | 1 |"):
        assert said in card
    assert str(place) not in card
    assert sorted(path.name for path in place.iterdir()) == ["mine", "patches", "words"]


def test_the_adapter_is_an_image_encoder_wherever_one_stands(
    train: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("patches", "--to", "mine", "--name", "lung_n=lung", "--name", "colon_n=colon")
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    encoder = AdaptedEncoder(place / "mine")
    seen = encoder.encode_images([section("lung_n", 99), section("colon_n", 99)])
    assert (seen @ encoder.encode_texts(["lung", "colon"]).T).argmax(axis=1).tolist() == [0, 1]


def test_a_list_of_captions_is_learned_from_and_what_cannot_be_used_is_named(train: Run, place: Path) -> None:
    lines = [
        {"image": f"{kind}/{kind}{n}.png", "caption": kind.replace("_n", ""), "organ": []}
        for kind in COLOURS
        for n in range(EACH)
    ]
    (place / "patches").rename("images")
    Image.new("RGB", (72, 72), "white").save("images/blank.png")
    Path("images/broken.png").write_bytes(b"\x89PNG")
    lines += [{"image": name, "caption": "lung"} for name in ("blank.png", "broken.png", "absent.png")]
    Path("list.jsonl").write_text("\n".join([*map(json.dumps, lines), '{"image": "a.png"}']))
    ran = train("list.jsonl", "--to", "mine")
    assert ran.code == 0, ran.err
    assert "learned from 20 images with 2 captions; 4 rejected" in ran.out
    for said in (
        "list.jsonl, at line 24",
        "blank.png: ",
        "broken.png: ",
        "absent.png: the file cannot be read",
    ):
        assert said in ran.err
    assert "| rejected images | 4 |" in Path("mine/README.md").read_text()


def test_halves_are_learned_from_apart(train: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def watched(examples: Iterator[Example], *more: Any, **named: Any) -> Measured:
        kept = list(examples)
        seen.append([example.name for example in kept])
        return measure(kept, *more, **named)

    monkeypatch.setattr(train_image_adapter, "measure", watched)
    for half in ("half", "other-half"):
        ran = train("patches", "--to", half, "--take", half, "--seed", "5")
        assert "learned from 10 images with 2 captions" in ran.out
        assert f"| take | {half} |" in Path(half, "README.md").read_text()
    assert sorted([*seen[0], *seen[1]]) == sorted(str(pair.path) for pair in read_pairs("patches"))
    assert set(seen[0]) == {str(pair.path) for pair in split(read_pairs("patches"), 5)[0]}


def test_programs_get_the_card_and_every_rejected_image(train: Run, place: Path) -> None:
    Path("patches/lung_n/broken.png").write_bytes(b"")
    found = json.loads(train("patches", "--to", "mine", "--json").out)
    assert found["folder"] == "mine"
    assert found["measured"]["accuracy"] == 1
    assert found["card"]["title"] == "mine"
    assert [image for image, _ in found["rejected"]] == ["patches/lung_n/broken.png"]


def test_a_folder_is_not_replaced_unasked_and_never_one_that_is_no_adapter(train: Run, place: Path) -> None:
    train("patches", "--to", "mine")
    before = Path("mine/adapter.toml").stat().st_ino
    assert "mine exists; give another name" in train("patches", "--to", "mine").err
    assert train("patches", "--to", "mine", "--force").code == 0
    assert Path("mine/adapter.toml").stat().st_ino != before
    assert "words is no image adapter" in train("patches", "--to", "words", "--force").err
    assert "does not exist; make it first" in train("patches", "--to", "no/such").err


def test_a_run_that_fails_keeps_the_old_adapter_and_leaves_nothing(
    train: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train("patches", "--to", "mine")
    before = Path("mine/weights.safetensors").read_bytes()

    def broken(*_: object) -> None:
        raise OSError("the disk went away")

    monkeypatch.setattr(train_image_adapter, "write_card", broken)
    assert train("patches", "--to", "mine", "--force", "--seed", "1").code
    assert Path("mine/weights.safetensors").read_bytes() == before
    assert sorted(path.name for path in place.iterdir()) == ["mine", "patches", "words"]


def test_what_learned_from_drawings_says_so_everywhere(
    train: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(per_kind: int, seed: int) -> Iterator[tuple[Pixels, str, str]]:
        return ((section(kind, seed + n), kind, kind) for kind in COLOURS for n in range(5 * per_kind))

    monkeypatch.setattr("training.synthetic_tissue.synthetic_pairs", draw)
    ran = train("synthetic:1", "--to", "mine", "--seed", "3")
    assert ran.code == 0, ran.err
    shout = "TRAINED ON SYNTHETIC DRAWINGS ALONE: IT KNOWS ONLY DRAWINGS"
    assert shout in ran.err
    assert f"**{shout}" in Path("mine/README.md").read_text()
    assert shout in tomllib.loads(Path("mine/adapter.toml").read_text())["data"]
    train("patches", "synthetic:1", "--to", "both", "--take", "half")
    assert "PART OF THE TRAINING IMAGES ARE SYNTHETIC" in Path("both/README.md").read_text()
    assert "drawings are none; take another --seed" in train("synthetic", "--to", "half", "--take", "half").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("patches", "--name", "skin=skin"), "there is no class 'skin'; there are colon_n, lung_n"),
        (("patches", "--name", "lung_n"), "write --name FOLDER="),
        (("absent",), "there is no file or folder absent"),
        (("synthetic:many",), "does not say how many; write synthetic:100"),
        (("synthetic:0",), "does not say how many"),
        (("empty.jsonl",), "none of 0 images can be learned from"),
        (("bad.jsonl",), "none of 1 images can be learned from; the first, bad.jsonl, at line 1: "),
    ],
)
def test_what_cannot_be_done_is_said_with_what_can(train: Run, place: Path, words: tuple[str, ...], said: str) -> None:
    Path("empty.jsonl").touch()
    Path("bad.jsonl").write_text("{")
    ran = train(*words, "--to", "mine")
    assert said in " ".join(ran.err.split())
    assert ran.code == 2
    assert not Path("mine").exists()


def test_help_teaches(run: Run) -> None:
    shown = run("train", "image-adapter", "--help").out
    for said in ("captions.jsonl --to my-adapter", "synthetic:PER_KIND", "PATHLIT_IMAGE_ENCODER=my-adapter"):
        assert said in shown


@pytest.mark.data
@pytest.mark.slow
def test_half_of_real_patches_teaches_to_name_the_other_half(run: Run, tmp_path: Path, data: Path) -> None:
    names = [word for key, caption in LC25000.items() for word in ("--name", f"{key}={caption}")]
    to = tmp_path / "mine"
    ran = run("train", "image-adapter", str(data / "lc25000"), "--to", str(to), "--take", "half", *names)
    assert "learned from 150 images with 5 captions; 0 rejected" in ran.out
    other = split(read_pairs(data / "lc25000", LC25000), 0)[1]
    captions, encoder = sorted(LC25000.values()), AdaptedEncoder(to)
    seen = encoder.encode_images([read_picture(pair.path.read_bytes()).pixels for pair in other])
    found = (seen @ encoder.encode_texts(captions).T).argmax(axis=1)
    assert np.mean([captions[n] == pair.caption for n, pair in zip(found, other, strict=True)]) >= 0.9
