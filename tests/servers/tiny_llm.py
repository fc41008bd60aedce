"""A real model server, `transformers serve`, on loopback, with two tiny language models made on the spot.

    with TinyServer(tmp_path) as server:
        OpenAIModel(server.url, RECITER)

Their weights are random but for the output layer, which leads from each word to the next: the reciter says SENTENCE and
ends, the rambler says it again and again. Each reads only the last word of its prompt, through every layer of a Llama.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import psutil  # type: ignore[import-untyped]

SENTENCE: Final = "Tumour budding predicts nodal spread in colon carcinoma [K7Q] ."
"""As the tokenizer splits it, at blanks; no word twice."""
RECITER: Final = "tests/reciter"
RAMBLER: Final = "tests/rambler"

_REVISION: Final = "0" * 40
_SPECIAL: Final = ("<unk>", "<end>", "<pad>", "<system>", "<user>", "<assistant>", "<tool>")
_TEMPLATE: Final = (
    "{% for message in messages %}<{{ message['role'] }}> {{ message['content'] }} <end> {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
_CONTEXT: Final = 4096
_STARTING_SECONDS: Final = 120.0


class TinyServer:
    """Makes its models below `folder`, and is a process of its own while the `with` statement lasts."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port: int = probe.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/v1"

    def busy_seconds(self) -> float:
        """Processor time that the server has used."""
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def __enter__(self) -> Self:
        _make(self._folder, RECITER, ends=True)
        _make(self._folder, RAMBLER, ends=False)
        program = shutil.which("transformers", path=str(Path(sys.executable).parent)) or "transformers"
        own = {"HF_HUB_CACHE": str(self._folder), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
        self._log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [program, "serve", "--host", "127.0.0.1", "--port", str(self._port), "--device", "cpu"],
            env={**os.environ, **own},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        deadline = time.monotonic() + _STARTING_SECONDS
        while not self._is_healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__(None, None, None)
                raise RuntimeError(f"the server did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def _is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


def _make(cache: Path, name: str, *, ends: bool) -> None:
    """Saves a model where the library keeps those of the model hub."""
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM

    words = [*_SPECIAL, *SENTENCE.split()]
    end, first = words.index("<end>"), len(_SPECIAL)
    torch.manual_seed(7)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=_CONTEXT,
            eos_token_id=end,
            pad_token_id=words.index("<pad>"),
            bos_token_id=None,
            initializer_range=0.002,
        )
    )
    following = {words.index("<assistant>"): first, len(words) - 1: end if ends else first}
    following |= {word: word + 1 for word in range(first, len(words) - 1)}
    with torch.no_grad():
        model.model.embed_tokens.weight.normal_(0, 1)
        model.lm_head.weight.zero_()
        for word, successor in following.items():
            model.lm_head.weight[successor] += model.model.embed_tokens.weight[word]
    make_config: Any = GenerationConfig
    model.generation_config = make_config(eos_token_id=end, pad_token_id=words.index("<pad>"))
    repository = cache / f"models--{name.replace('/', '--')}"
    folder = repository / "snapshots" / _REVISION
    model.save_pretrained(folder)
    _tokenizer(words).save_pretrained(folder)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(_REVISION)


def _tokenizer(words: list[str]) -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words_alone = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))  # noqa: S106
    words_alone.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    make: Any = PreTrainedTokenizerFast
    tokenizer = make(
        tokenizer_object=words_alone,
        unk_token="<unk>",  # noqa: S106
        eos_token="<end>",  # noqa: S106
        pad_token="<pad>",  # noqa: S106
        additional_special_tokens=list(_SPECIAL[3:]),
        model_max_length=_CONTEXT,
    )
    tokenizer.chat_template = _TEMPLATE
    return tokenizer
