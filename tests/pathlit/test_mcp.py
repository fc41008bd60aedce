"""`pathlit mcp` as an assistant starts it, on the demonstration texts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from api.assistant.tools import TOOLS
from tests.pathlit.conftest import Run

QUESTION = "Which markers separate lung adenocarcinoma from squamous cell carcinoma?"


@pytest.fixture
def installed(demo: Path) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable,
        args=["-m", "pathlit", "mcp", "--home", str(demo)],
        cwd=demo,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.server
def test_an_assistant_starts_it_and_calls_every_tool(installed: StdioServerParameters) -> None:
    async def called(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
        answer = await client.call_tool(name, arguments)
        assert not answer.is_error, answer.content
        result: dict[str, Any] = answer.structured_content
        return result

    async def run() -> None:
        with anyio.fail_after(120):
            async with Client(installed) as client:
                assert [tool.name for tool in (await client.list_tools()).tools] == [tool.name for tool in TOOLS]
                hits = (await called(client, "search_literature", query=QUESTION))["hits"]
                assert hits
                assert hits[0]["evidence"]
                first = hits[0]["id"]
                read = await called(client, "get_article", id=first)
                assert read["title"] == hits[0]["title"]
                claim = hits[0]["evidence"][0]["text"]
                verified = await called(client, "verify_claim", claim=claim, ids=[first])
                assert verified["articles"][0]["verdict"] in ("supported", "partly_supported")
                looked_up = await called(client, "cite", text=claim)
                assert first in {paper["id"] for paper in looked_up["sentences"][0]["papers"]}
                answered = await called(client, "answer", question=QUESTION)
                assert answered["text"]
                refused = await client.call_tool("search_by_image", {"image_base64": "YW4gaW1hZ2U="})
                assert refused.is_error

    anyio.run(run)


def test_its_help_says_how_a_client_starts_it(run: Run) -> None:
    shown = run("mcp", "--help")
    assert shown.code == 0
    assert '"args": ["mcp", "--home", "/path/to/home"]' in shown.out
