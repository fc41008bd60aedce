"""`pathlit evaluate images` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pathlit.wiring import HomeFolder
from tests.evaluation.image.image_sets import write_classes
from tests.pathlit.conftest import Run, run
from tests.retrieval.image.image_fakes import COLON, LUNG, ColourEncoder

__all__ = ["run"]


@pytest.fixture
def patches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(HomeFolder, "image_encoder", ColourEncoder())
    return write_classes(tmp_path / "patches", {"lung_aca": LUNG, "gut": COLON}, each=4)


def test_a_folder_of_classes_is_measured_and_stored(run: Run, patches: Path) -> None:
    words = ("--task", "concepts", "--task", "similar", "--half", "other", "--name", f"gut={COLON}", "--runs", "r")
    ran = run("evaluate", "images", str(patches), "--home", "lib", *words)
    assert ran.code == 0, ran.err
    assert "accuracy over the captions" in ran.out
    stored = json.loads((Path("r") / "images-concepts-patches" / "colours" / "images.json").read_text())
    assert stored["images"] == 4
    assert stored["settings"] == {"half": "other", "seed": "0"}
    assert stored["encoder"] == "colours@1"
    assert stored["commit"]
    accuracy = next(line for line in stored["measured"]["lines"] if line["name"] == "accuracy over the captions")
    assert accuracy["value"]["mean"] == 1.0
    assert (Path("r") / "images-similar-patches").is_dir()


def test_a_list_of_captions_gives_recall(run: Run, patches: Path) -> None:
    lines = [{"image": f"{name}/0.png", "caption": shown} for name, shown in (("lung_aca", LUNG), ("gut", COLON))]
    (patches / "captions.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ran = run("evaluate", "images", str(patches / "captions.jsonl"), "--home", "lib", "--json")
    assert ran.code == 0, ran.err
    (told,) = json.loads(ran.out)["runs"]
    assert told["measured"]["lines"][0]["name"] == "recall@1"
    assert told["measured"]["lines"][0]["value"]["mean"] == 1.0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--task", "articles"), "no index to search"),
        (("--task", "regions"), "has no images/ and masks/"),
        (("--name", "gut="), "names nothing"),
    ],
)
def test_what_cannot_be_measured_is_told(run: Run, patches: Path, words: tuple[str, ...], told: str) -> None:
    ran = run("evaluate", "images", str(patches), "--home", "lib", *words)
    assert ran.code != 0
    assert told in " ".join(ran.err.split())
