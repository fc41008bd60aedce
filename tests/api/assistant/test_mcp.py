"""The SDK's own client lists and calls every tool, over a real subprocess and over a real HTTP server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from anyio.from_thread import start_blocking_portal
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from api.assistant.prompts import PROMPTS
from api.assistant.tools import TOOLS, tool_named
from tests.api.assistant.fake_doors import SPAN, Script, assistant_app
from tests.api.assistant.serving import served
from tests.api.assistant.test_tools import GOOD
from tests.api.library import Library

pytestmark = pytest.mark.server
ROOT = Path(__file__).parents[3]
PROGRAM = Path(__file__).with_name("stdio_program.py")
KEY = "0123456789abcdef"


def started(library: Library) -> StdioServerParameters:
    return StdioServerParameters(
        command=sys.executable, args=[str(PROGRAM), str(library.home)], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}
    )


@pytest.fixture(scope="module")
def address(library: Library) -> Iterator[str]:
    with served(assistant_app(library, Script())) as address:
        yield f"{address}/mcp"


Use = Callable[[Callable[[Client], Awaitable[None]]], None]


@contextmanager
def connected(server: Any, mode: str = "auto") -> Iterator[Use]:
    """Does work with one client, which stays connected."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(Client(server, mode=mode)) as client:
        yield lambda work: portal.call(work, client)


@pytest.fixture(scope="module", params=["stdio", "http", "http before 2026"])
def use(request: pytest.FixtureRequest, library: Library) -> Iterator[Use]:
    server = started(library) if request.param == "stdio" else request.getfixturevalue("address")
    with connected(server, "legacy" if "before" in request.param else "auto") as use:
        yield use


def test_every_tool_is_listed_and_called(use: Use) -> None:
    async def work(client: Client) -> None:
        listed = (await client.list_tools()).tools
        assert [tool.name for tool in listed] == [tool.name for tool in TOOLS]
        for tool in listed:
            assert tool.annotations is not None
            assert tool.annotations.read_only_hint is True
            assert tool.annotations.open_world_hint is False
            assert tool.input_schema == tool_named(tool.name).parameters
            answer = await client.call_tool(tool.name, GOOD[tool.name])
            assert not answer.is_error, answer.content
            Draft202012Validator(tool.output_schema).validate(answer.structured_content)
            (content,) = answer.content
            assert content.type == "text"
            assert content.text

    use(work)


def test_errors_are_results_that_say_what_to_do(use: Use) -> None:
    async def work(client: Client) -> None:
        for name, arguments, said in (
            ("search_literature", {}, "search_literature: query: this argument is required"),
            ("get_article", {"id": "999"}, "'999' is not in generation 000001"),
            ("search_by_image", {"image_base64": "https://example.org/a.png"}, "an address is not fetched"),
        ):
            answer = await client.call_tool(name, arguments)
            assert answer.is_error
            (content,) = answer.content
            assert content.type == "text"
            assert said in content.text
            assert "Traceback" not in content.text
        with pytest.raises(MCPError, match="there is no tool of this name"):
            await client.call_tool("shell", {})

    use(work)


def test_resources_and_prompts(use: Use) -> None:
    async def work(client: Client) -> None:
        (status,) = (await client.list_resources()).resources
        told = json.loads((await client.read_resource(status.uri)).contents[0].text)  # type: ignore[union-attr]
        assert (told["generation"], told["articles"]) == ("000001", 4)
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "pathlit://article/{pmid}"
        article = json.loads((await client.read_resource("pathlit://article/101")).contents[0].text)  # type: ignore[union-attr]
        assert SPAN in article["abstract"]
        for uri in ("pathlit://article/999", "pathlit://other", "file:///etc/passwd"):
            with pytest.raises(MCPError):
                await client.read_resource(uri)
        prompts = (await client.list_prompts()).prompts
        assert [prompt.name for prompt in prompts] == [prompt.name for prompt in PROMPTS]
        for prompt in prompts:
            assert prompt.arguments is not None
            (message,) = (await client.get_prompt(prompt.name, {prompt.arguments[0].name: "p40?"})).messages
            assert message.content.type == "text"
            assert message.content.text.endswith("p40?")
            with pytest.raises(MCPError, match="is required"):
                await client.get_prompt(prompt.name, {})

    use(work)


def test_standard_output_carries_nothing_but_the_protocol(library: Library) -> None:
    """Handlers that print, and lines that are no messages, change nothing; the log never holds what was asked."""
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": INITIALIZE},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "answer", "arguments": {"question": "Doe?"}}},
        {"id": 3, "method": "tools/call", "params": {"name": "answer", "arguments": {"question": ["Doe"]}}},
        {"id": 4, "method": "tools/call", "params": {"name": ["Doe"]}},
    ]
    lines = [json.dumps({"jsonrpc": "2.0", **message}) for message in messages]
    ran = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(library.home)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert ran.stdin is not None
    assert ran.stdout is not None
    ran.stdin.write("\n".join([*lines[:2], "Doe is no message", '{"jsonrpc": "Doe"}', *lines[2:]]) + "\n")
    ran.stdin.flush()
    answered: dict[int | None, Any] = {}
    while not {1, 2, 3, 4} <= set(answered):
        message = json.loads(ran.stdout.readline())
        assert message["jsonrpc"] == "2.0"
        if "id" in message:
            answered[message["id"]] = message
    rest, err = ran.communicate(timeout=30)
    assert rest == ""
    assert ran.returncode == 0, "it ends with its standard input"
    assert answered[2]["result"]["content"][0]["text"].startswith(SPAN)
    assert answered[3]["result"]["isError"] is True
    assert "a library says something" in err
    assert "Doe" not in err


def test_a_generation_that_is_published_meanwhile_is_followed(tmp_path: Path) -> None:
    library = Library(tmp_path)

    async def work(client: Client) -> None:
        answer = await client.call_tool("search_literature", GOOD["search_literature"])
        assert answer.is_error
        assert "Nothing has been published yet" in str(answer.content)
        for generation in ("000001", "000002"):
            await anyio.to_thread.run_sync(library.release)
            with anyio.fail_after(20):
                while (answer.structured_content or {}).get("generation") != generation:
                    await anyio.sleep(0.1)
                    answer = await client.call_tool("search_literature", GOOD["search_literature"])

    with connected(started(library)) as use:
        use(work)


INITIALIZE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "0"}}


def post(address: str, **headers: str) -> int:
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": INITIALIZE}
    accept = {"accept": "application/json, text/event-stream", **headers}
    return httpx2.post(address, json=body, headers=accept).status_code


def test_pages_of_other_origins_and_rebound_names_are_refused(address: str) -> None:
    port = address.split(":")[2].partition("/")[0]
    assert post(address) == 200
    assert post(address, origin=f"http://localhost:{port}") == 200
    assert post(address, origin="https://evil.example") == 403
    assert post(address, origin="null") == 403
    assert post(address, host=f"evil.example:{port}") == 421


def test_nothing_but_posts_is_taken(address: str) -> None:
    for method in ("GET", "DELETE", "PUT"):
        response = httpx2.request(method, address, headers={"accept": "text/event-stream"})
        assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_keys_close_it(library: Library) -> None:
    with served(assistant_app(library, Script(), api_keys=(KEY,))) as address:
        assert post(f"{address}/mcp") == 401

        async def work(client: Client) -> None:
            assert len((await client.list_tools()).tools) == len(TOOLS)

        async def run() -> None:
            async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as http:
                transport = streamable_http_client(f"{address}/mcp", http_client=http)
                async with Client(transport) as client:
                    await work(client)

        anyio.run(run)


def test_a_body_beyond_the_limit_is_refused(address: str) -> None:
    response = httpx2.post(address, content=b"x" * 61_000_000, headers={"content-type": "application/json"})
    assert response.status_code == 413


def test_a_call_that_is_given_up_ends_its_work(library: Library) -> None:
    script = Script()
    script.hold.clear()
    with served(assistant_app(library, script)) as address:

        async def run() -> None:
            async with Client(f"{address}/mcp") as client:
                with anyio.move_on_after(1) as waited:
                    await client.call_tool("answer", GOOD["answer"])
                assert waited.cancelled_caught
                script.hold.set()
                assert await anyio.to_thread.run_sync(partial(script.closed.wait, 10))

        anyio.run(run)
        assert len(script.asked) == 1
