"""Which class reads which image encoder."""

from pathlib import Path

from retrieval.encoders.image.adapted import AdaptedEncoder
from retrieval.encoders.image.clip import ClipEncoder
from retrieval.encoders.image.opening import open_image_encoder


def test_opening_loads_nothing() -> None:
    assert isinstance(open_image_encoder("PathCLIP"), ClipEncoder)
    assert isinstance(open_image_encoder("no/such-model", revision="abc", sha256="0" * 64), ClipEncoder)


def test_a_folder_with_an_adapter_is_opened_as_an_adapted_encoder(tmp_path: Path) -> None:
    (tmp_path / "adapter.toml").write_text("")
    assert isinstance(open_image_encoder(str(tmp_path)), AdaptedEncoder)


def test_the_packaged_adapter_is_opened_by_its_name() -> None:
    encoder = open_image_encoder("demonstration")
    assert isinstance(encoder, AdaptedEncoder)
    assert "DRAWINGS" in encoder.record.data
