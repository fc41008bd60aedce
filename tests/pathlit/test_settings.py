"""Settings: the order of their sources, and errors that name the setting."""

from pathlib import Path

import pytest

from pathlit.settings import read_settings
from retrieval.errors import ConfigurationError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_defaults() -> None:
    settings = read_settings()
    assert settings.home == Path("pathlit-home")
    assert settings.encoder == "all-MiniLM-L6-v2"
    assert settings.api.port == 8000


def test_command_line_beats_environment_beats_file(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (elsewhere / "pathlit.toml").write_text('home = "from-file"\nkeep_generations = 7\n[api]\nport = 9001\n')
    assert read_settings().home == Path("from-file")
    monkeypatch.setenv("PATHLIT_HOME", "from-environment")
    assert read_settings().home == Path("from-environment")
    assert read_settings(Path("typed")).home == Path("typed")
    assert read_settings().keep_generations == 7
    assert read_settings().api.port == 9001
    monkeypatch.setenv("PATHLIT_API__PORT", "9002")
    assert read_settings().api.port == 9002


@pytest.mark.parametrize(
    ("toml", "name"),
    [
        ("keep_generations = 0", "keep_generations"),
        ('hoem = "x"', "hoem"),
        ('[api]\nport = "many"', "api.port"),
        ("lexical_weight = 2", "lexical_weight"),
    ],
)
def test_a_wrong_setting_is_named(elsewhere: Path, toml: str, name: str) -> None:
    (elsewhere / "pathlit.toml").write_text(toml)
    with pytest.raises(ConfigurationError, match=f"the setting '{name}'"):
        read_settings()


def test_a_settings_file_that_is_no_toml_is_named(elsewhere: Path) -> None:
    (elsewhere / "pathlit.toml").write_text("home = ")
    with pytest.raises(ConfigurationError, match=r"pathlit\.toml cannot be read"):
        read_settings()


@pytest.mark.parametrize(
    ("variable", "field"), [("PATHLIT_API__API_KEYS", "API"), ("PATHLIT_ACCEPTED_LICENCES", "ACCEPTED_LICENCES")]
)
def test_a_variable_that_is_not_json_is_blamed_itself_and_its_value_stays_secret(
    monkeypatch: pytest.MonkeyPatch, variable: str, field: str
) -> None:
    monkeypatch.setenv(variable, "0123456789abcdef-not-a-list")
    with pytest.raises(ConfigurationError, match=rf"a variable PATHLIT_{field}\* in the environment") as told:
        read_settings()
    assert "pathlit.toml" not in str(told.value)
    assert "0123456789abcdef" not in str(told.value)


def test_a_key_is_never_shown() -> None:
    settings = read_settings().model_copy()
    assert "SecretStr" in str(settings.entrez.__class__.model_fields["api_key"].annotation)
