"""The file of tools: what it takes, and errors that name file, tool and field."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from retrieval.errors import ConfigurationError
from retrieval.tools.registry import ToolKind, read_tools

EXAMPLE = Path(__file__).parents[3] / "deploy" / "tools.toml"
TOOL = """
[[tool]]
name = "grader"
description = "Grades."
kind = "grading"
url = "http://127.0.0.1:9/grade"
summary = "grade {grade}"
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tools.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_shipped_file_registers_nothing(tmp_path: Path) -> None:
    assert read_tools(EXAMPLE) == ()


def test_its_examples_are_tools_of_all_eight_kinds(tmp_path: Path) -> None:
    head, *examples = EXAMPLE.read_text(encoding="utf-8").split("# --- ")
    text = "\n".join(re.sub(r"(?m)^# ?", "", example.partition("\n")[2]) for example in examples)
    tools = read_tools(written(tmp_path, text))
    assert [tool.kind for tool in tools] == list(ToolKind)
    assert all(f"#   {field} " in head for field in tools[0].__struct_fields__)


def test_what_is_left_out_has_defaults(tmp_path: Path) -> None:
    (tool,) = read_tools(written(tmp_path, TOOL))
    assert (tool.needs_image, tool.timeout_s, tool.max_response_bytes, tool.query) == (True, 30, 1_000_000, "")
    assert tool.parameters == {"type": "object", "properties": {}, "additionalProperties": False}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('url = "ftp://host/x"', "url"),
        ('url = "http://user:pw@host/x"', "url"),
        ('url = "grade"', "url"),
        ('url = "http://host:99999999/"', "url"),
        ('name = "Grade It"', "name"),
        ('description = " "', "description"),
        ('summary = "{grade"', "summary"),
        ('summary = "{grade.__class__!r}"', "summary"),
        ('query = "{grade[0]}"', "query"),
        ('parameters = { type = "wrong" }', "parameters"),
        ('parameters = { type = "object", properties = { image = {} } }', "parameters"),
        ('parameters = { type = "array" }', "parameters"),
        ('answer = { "$ref" = "http://127.0.0.1/schema.json" }', "answer"),
        ("example = { mpp = 1 }", "example"),
        ('headers = { Authorization = "Bearer abc" }', "headers"),
        ('headers = { "X Y" = "1" }', "headers"),
        ("timeout_s = 0", "timeout_s"),
        ("max_response_bytes = 0", "max_response_bytes"),
        ('when = [" "]', "when"),
    ],
)
def test_an_error_names_file_tool_and_field(tmp_path: Path, line: str, field: str) -> None:
    key = line.partition(" =")[0]
    lines = [kept for kept in TOOL.splitlines() if not kept.startswith(f"{key} =")]
    path = written(tmp_path, "\n".join([*lines, line]))
    with pytest.raises(ConfigurationError) as raised:
        read_tools(path)
    assert str(raised.value).startswith(f"{path}, tool ")
    assert f"field {field!r}" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TOOL + 'kind_of = "x"', "tool grader: Object contains unknown field `kind_of`"),
        (TOOL.replace('"grading"', '"guessing"'), "tool grader: Invalid enum value 'guessing' - at `$.kind`"),
        (TOOL.replace('summary = "grade {grade}"', ""), "tool grader: Object missing required field `summary`"),
        (TOOL + TOOL, "two tools have it"),
        ("tool = 3", "it takes [[tool]] tables"),
        ("[[tool", "cannot be used"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read_tools(written(tmp_path, text))
    assert says in str(raised.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.toml cannot be read"):
        read_tools(tmp_path / "nowhere.toml")
