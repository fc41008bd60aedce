"""Adapting a sentence encoder to a corpus: contrastive learning, then half the way back to where it came from.

The loss lets every question choose its document among all documents and negatives of its batch. Averaging the adapted
weights with the first ones keeps what was known before: Wortsman et al.: Robust Fine-tuning of Zero-shot Models, CVPR
2022 (WiSE-FT).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from retrieval.errors import ConfigurationError, InputError
from retrieval.records import Record
from training.negatives import Example

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_MAX_TOKENS: Final = 192
"""Of training texts; longer ones cost time and gain little."""
_SAVED_EVERY: Final = 50
"""Steps: what a kill loses at most."""
_PLAN: Final = "plan.json"

Hear = Callable[[int, int], None]
"""Hears (steps done, steps in all)."""


class Plan(Record, frozen=True):
    """How to train; an unfinished run is gone on with only where its plan was the same."""

    base: str
    """Id of the encoder."""
    examples: str
    """A digest of them."""
    steps: int
    batch: int = 32
    learning_rate: float = 2e-5
    back: float = 0.5
    """Share of the first weights in the result."""
    seed: int = 0


class Trained(NamedTuple):
    steps: int
    """Fewer than planned where the time was up."""
    seconds: float


def adapt(
    base: Path | str, plan: Plan, examples: Sequence[Example], work: Path, out: Path, *, minutes: float, hear: Hear
) -> Trained:
    """Train in `work`, where an unfinished run of the same plan goes on, and save the model in `out`.

    ConfigurationError without accelerate and datasets; InputError for too few examples or another run in `work`.
    """
    if len(examples) < plan.batch:
        raise InputError(f"{len(examples)} examples are fewer than one batch of {plan.batch}; index more articles")
    _require_same(work, plan)
    try:
        import accelerate  # noqa: F401
        from datasets import Dataset
    except ImportError as exc:
        raise ConfigurationError(
            f"training an encoder needs {exc.name}; install the extra with `pip install pathlit[train]`"
        ) from exc
    import torch
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
    from sentence_transformers.sentence_transformer.training_args import BatchSamplers
    from transformers import PrinterCallback, set_seed

    set_seed(plan.seed)
    model = SentenceTransformer(str(base), trust_remote_code=False, model_kwargs={"dtype": torch.float32})
    # The card is ours.
    model.model_card_data.generate_widget_examples = False
    first = {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}
    longest, model.max_seq_length = model.max_seq_length, min(_MAX_TOKENS, model.max_seq_length or _MAX_TOKENS)
    columns = {name: [getattr(e, name) for e in examples] for name in Example._fields}
    clock = _clock(plan.steps, minutes, hear)
    trainer = SentenceTransformerTrainer(
        model=model,
        args=_arguments(plan, work, BatchSamplers.NO_DUPLICATES),
        train_dataset=Dataset.from_dict(columns),
        loss=MultipleNegativesRankingLoss(model),
        callbacks=[clock],
    )
    # It would print what the caller shows in its own way.
    trainer.remove_callback(PrinterCallback)
    began = perf_counter()
    saved = sorted(work.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
    trainer.train(resume_from_checkpoint=str(saved[-1]) if saved else None)
    _go_back(model, first, plan.back)
    model.max_seq_length = longest
    model.save_pretrained(str(out), create_model_card=False, safe_serialization=True)
    return Trained(int(trainer.state.global_step), perf_counter() - began)


def _require_same(work: Path, plan: Plan) -> None:
    path = work / _PLAN
    if path.is_file() and msgspec.json.decode(path.read_bytes(), type=Plan) != plan:
        raise InputError(
            f"{work} holds an unfinished run with other settings or other articles; give the same ones to go on with "
            "it, or --force to start anew"
        )
    work.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.encode(plan))


def _arguments(plan: Plan, work: Path, sampler: Any) -> Any:
    import torch
    from sentence_transformers import SentenceTransformerTrainingArguments

    gpu = torch.cuda.is_available()
    return SentenceTransformerTrainingArguments(
        output_dir=str(work),
        max_steps=plan.steps,
        per_device_train_batch_size=plan.batch,
        learning_rate=plan.learning_rate,
        warmup_steps=max(1, plan.steps // 10),
        bf16=gpu and torch.cuda.is_bf16_supported(),
        use_cpu=not gpu,
        dataloader_pin_memory=gpu,
        batch_sampler=sampler,
        save_strategy="steps",
        save_steps=_SAVED_EVERY,
        save_total_limit=1,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=plan.seed,
        data_seed=plan.seed,
    )


def _clock(steps: int, minutes: float, hear: Hear) -> Any:
    from transformers import TrainerCallback

    class Clock(TrainerCallback):
        """Tells how far it is, and stops where the time is up."""

        def __init__(self) -> None:
            self._until = perf_counter() + 60 * minutes

        def on_step_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
            hear(state.global_step, steps)
            if perf_counter() > self._until:
                control.should_training_stop = True

    return Clock()


def _go_back(model: SentenceTransformer, first: dict[str, Any], share: float) -> None:
    import torch

    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                tensor.mul_(1 - share).add_(first[name].to(tensor.device), alpha=share)
