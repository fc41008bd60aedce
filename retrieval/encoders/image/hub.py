"""Files of the model hub, and what it means when one cannot be had."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from retrieval.errors import ConfigurationError


def fetch(repository: str, names: Sequence[str], revision: str | None) -> Path:
    """The first of `names` that the repository has, from the cache or the network; ConfigurationError where none."""
    # Imported here: this takes a while, and `pathlit --help` should not.
    from httpx2 import HTTPError
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, GatedRepoError, HFValidationError, LocalEntryNotFoundError

    for name in names:
        try:
            return Path(hf_hub_download(repository, name, revision=revision))
        except LocalEntryNotFoundError as exc:
            raise _unreachable(repository, name, exc) from exc
        except EntryNotFoundError:
            continue
        except GatedRepoError as exc:
            raise ConfigurationError(
                f"{repository} is handed only to accounts that its authors have let in: ask for access at "
                f"https://huggingface.co/{repository}, then log in with `hf auth login` or set HF_TOKEN"
            ) from exc
        except (OSError, HTTPError, HFValidationError) as exc:
            raise _unreachable(repository, name, exc) from exc
    raise ConfigurationError(
        f"the repository {repository} has none of {', '.join(names)} at {revision or 'its newest commit'}; choose "
        "another revision, or a model in the files of open_clip or transformers"
    )


def _unreachable(repository: str, name: str, exc: Exception) -> ConfigurationError:
    reason = next(iter(str(exc).splitlines()), type(exc).__name__)
    return ConfigurationError(
        f"{name} of {repository} cannot be fetched: {reason} Give the name of a model that this machine can fetch, or "
        "fetch it elsewhere and give its folder"
    )
