"""Folders that are read only or full, by mounts that only the process under test sees, also for root."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
_SMALL = 'mount -t tmpfs -o size=8m tmpfs "$1"'


def python_on_read_only(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs Python with these words where the folder is mounted read only; skips where no mount can be made."""
    return _python(_READ_ONLY, folder, words)


def python_on_full_disk(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The same where the folder is a disk of its own, of 8 MB."""
    return _python(_SMALL, folder, words)


def _python(mount: str, folder: Path, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    if not shutil.which("unshare") or _unshared(mount, folder, ("true",)).returncode:
        pytest.skip("needs Linux that lets a process make mounts of its own (unshare --mount)")
    return _unshared(mount, folder, (sys.executable, *words))


def _unshared(mount: str, folder: Path, words: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    script = f'{mount} && shift && exec "$@"'
    return subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", script, "sh", str(folder), *words],
        capture_output=True,
        text=True,
        cwd=_ROOT,
        timeout=120,
    )
