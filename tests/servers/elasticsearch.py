"""A real Elasticsearch on 127.0.0.1: one node or several, which tests may stop, kill, pause and start again.

    with Cluster(nodes=3) as cluster:
        client = Elasticsearch(cluster.urls)
        cluster.kill(1)

For a person: `python -m tests.servers.elasticsearch [--nodes N] [--port 9200] [--folder F]`.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import fcntl
import json
import os
import random
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.servers.elasticsearch_distribution import account, cache_folder, distribution, java
from tests.servers.elasticsearch_security import Authority, write_certificates, write_users

__all__ = ["Cluster"]

START_S = 600.0
_PORTS = range(20_000, 32_000, 20)
"""First ports of blocks, below those that the kernel hands out: ten for HTTP, ten between nodes."""

# Ends a node's whole process group as soon as the process that holds the other end of the pipe is gone.
_KEEPER = 'read -r _; kill -KILL "-$0"'


class Node:
    """One server process and its folder; its ports stay the same when it is started again."""

    def __init__(self, name: str, folder: Path, port: int, transport_port: int, heap_mb: int) -> None:
        self.name, self.folder, self.port, self.transport_port = name, folder, port, transport_port
        self._heap_mb = heap_mb
        self._process: subprocess.Popen[bytes] | None = None
        self._keeper: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Without waiting for an answer."""
        user = account()
        environment = {
            "PATH": os.environ["PATH"],
            "ES_JAVA_HOME": str(java().home),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "ES_JAVA_OPTS": f"-Xms{self._heap_mb}m -Xmx{self._heap_mb}m",
        }
        with (self.folder / "console.log").open("ab") as log:
            self._process = subprocess.Popen(
                [distribution() / "bin" / "elasticsearch"],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
            )
        self._keeper = subprocess.Popen(
            ["sh", "-c", _KEEPER, str(self._process.pid)], stdin=subprocess.PIPE, start_new_session=True
        )

    def end(self, number: signal.Signals, timeout_s: float = 60) -> None:
        """SIGTERM lets it leave the cluster in order, SIGKILL does not; returns when it is gone."""
        if self._process and self._process.poll() is None:
            if number == signal.SIGTERM:
                self._process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(timeout_s)
            self.send(signal.SIGKILL)
            self._process.wait()
        if self._keeper and self._keeper.stdin:
            self._keeper.kill()
            self._keeper.wait()
            self._keeper.stdin.close()
        self._process = self._keeper = None

    def send(self, number: signal.Signals) -> None:
        """To the launcher and the server alike."""
        if self._process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def last_words(self) -> str:
        log = self.folder / "console.log"
        return log.read_text(errors="replace")[-4_000:] if log.is_file() else ""


class Cluster:
    """Nodes 0 to n-1, which share one unzipped distribution. With security, `username` may do everything.

    Without a folder it makes one and removes it at the end; where this process is root, the account `nobody` must
    be able to reach a folder that is given, which pytest's `tmp_path` is not. `users` is name -> (password, role).
    """

    def __init__(
        self,
        folder: Path | None = None,
        nodes: int = 1,
        *,
        security: bool = False,
        tls: bool = False,
        users: Mapping[str, tuple[str, str]] | None = None,
        roles: Mapping[str, object] | None = None,
        port: int | None = None,
        heap_mb: int = 512,
    ) -> None:
        self.secured, self.tls = security or tls, tls
        self.username, self.password = "admin", secrets.token_urlsafe(12)
        self.authority: Authority | None = None
        self.nodes: list[Node] = []
        self._given, self._size, self._port, self._heap_mb = folder, nodes, port, heap_mb
        self._users, self._roles = dict(users or {}), dict(roles or {})
        self._ports_lock: IO[str] | None = None

    @property
    def urls(self) -> list[str]:
        return [f"{'https' if self.tls else 'http'}://127.0.0.1:{node.port}" for node in self.nodes]

    @property
    def snapshots(self) -> Path:
        """A folder that every node accepts as the location of an fs repository."""
        return self.folder / "snapshots"

    @property
    def ca_file(self) -> Path | None:
        return self.authority.certificate if self.authority else None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        """Returns when every node has joined; nothing is left running where that fails."""
        try:
            self._lay_out()
            for node in self.nodes:
                node.start()
            self.wait(nodes=self._size)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Ends every node at once, and removes the folder where it was not given."""
        for node in self.nodes:
            node.end(signal.SIGKILL)
        if self.nodes and self._given is None:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._ports_lock:
            self._ports_lock.close()
        self.nodes, self._ports_lock = [], None

    def kill(self, node: int) -> None:
        """As kill -9 does: nothing is written, nobody is told."""
        self.nodes[node].end(signal.SIGKILL)

    def stop_node(self, node: int) -> None:
        self.nodes[node].end(signal.SIGTERM)

    def start_node(self, node: int) -> None:
        """Again, on the data that it had; returns when it has joined."""
        self.nodes[node].start()
        self.wait(nodes=sum(each.running for each in self.nodes))

    def pause(self, node: int) -> None:
        """It keeps its connections and answers nothing, as a machine does that hangs."""
        self.nodes[node].send(signal.SIGSTOP)

    def resume(self, node: int) -> None:
        self.nodes[node].send(signal.SIGCONT)

    def wait(self, status: str = "yellow", nodes: int | None = None, timeout_s: float = START_S) -> None:
        """Until every node that runs reports this status or better, this many nodes, and no shard on its way."""
        until = time.monotonic() + timeout_s
        query = f"wait_for_status={status}&wait_for_no_initializing_shards=true&timeout=1s"
        query += f"&wait_for_nodes={nodes}" if nodes else ""
        seen = "no answer"
        # Every one, since a node joins the others before it answers over HTTP.
        waiting = [number for number, node in enumerate(self.nodes) if node.running]
        while waiting and time.monotonic() < until:
            try:
                self.ask(f"/_cluster/health?{query}", node=waiting[0], timeout_s=5)
            except (OSError, ValueError) as error:
                seen = f"{self.nodes[waiting[0]].name}: {error}"
                if not self.nodes[waiting[0]].running:
                    break
                time.sleep(0.2)
            else:
                waiting.pop(0)
        if waiting or not any(node.running for node in self.nodes):
            words = "\n".join(f"--- {node.name}\n{node.last_words()}" for node in self.nodes)
            raise RuntimeError(f"the cluster did not become {status} with {nodes} nodes ({seen})\n{words}")

    def ask(self, path: str, *, node: int = 0, timeout_s: float = 30) -> Any:
        """GET, parsed; needs no client library. Raises OSError for what is no 200."""
        request = urllib.request.Request(self.urls[node] + path)  # noqa: S310
        if self.secured:
            pair = base64.b64encode(f"{self.username}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {pair}")
        context = ssl.create_default_context(cafile=str(self.ca_file)) if self.tls else None
        with urllib.request.urlopen(request, timeout=timeout_s, context=context) as reply:  # noqa: S310
            return json.load(reply)

    def _lay_out(self) -> None:
        """Folders, certificates, users and settings of every node, all owned by the server's account."""
        first = self._port if self._port is not None else self._free_ports()
        # A person's port 9200 goes with 9300 between the nodes, as usual.
        transport = first + (10 if self._port is None else 100)
        self.folder = self._given or Path(tempfile.mkdtemp(prefix="pathlit-elasticsearch-"))
        self.snapshots.mkdir(parents=True, exist_ok=True)
        if self.tls:
            self.authority = write_certificates(self.folder)
        names = [f"node-{number}" for number in range(self._size)]
        seeds = [f"127.0.0.1:{transport + number}" for number in range(self._size)]
        for number, name in enumerate(names):
            node = Node(name, self.folder / name, first + number, transport + number, self._heap_mb)
            self.nodes.append(node)
            for part in ("config", "data", "logs", "tmp"):
                (node.folder / part).mkdir(parents=True, exist_ok=True)
            shutil.copyfile(distribution() / "config/log4j2.properties", node.folder / "config/log4j2.properties")
            options = (distribution() / "config/jvm.options").read_text()
            if not java().has_vectors:
                options = options.replace("20-:--add-modules=jdk.incubator.vector\n", "")
            (node.folder / "config/jvm.options").write_text(options)
            if self.secured:
                everybody = {self.username: (self.password, "superuser"), **self._users}
                write_users(node.folder / "config", everybody, self._roles)
            settings = self._settings(node, names, seeds)
            (node.folder / "config" / "elasticsearch.yml").write_text(json.dumps(settings, indent=1))  # JSON is YAML
        if user := account():
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, user.uid, user.gid)

    def _settings(self, node: Node, names: list[str], seeds: list[str]) -> dict[str, object]:
        settings: dict[str, object] = {
            "cluster.name": f"pathlit-tests-{self.nodes[0].port}",
            "node.name": node.name,
            "path.data": str(node.folder / "data"),
            "path.logs": str(node.folder / "logs"),
            "path.repo": [str(self.snapshots)],
            "network.host": "127.0.0.1",
            "http.port": node.port,
            "transport.port": node.transport_port,
            "discovery.seed_hosts": seeds,
            "cluster.initial_master_nodes": names,
            # Absolute and small: how full the machine's disk is must not change what tests find.
            "cluster.routing.allocation.disk.watermark.low": "300mb",
            "cluster.routing.allocation.disk.watermark.high": "200mb",
            "cluster.routing.allocation.disk.watermark.flood_stage": "100mb",
            "xpack.security.enabled": self.secured,
        }
        if self.tls:
            for name in ("http.pem", "http.key"):
                shutil.copyfile(self.folder / name, node.folder / "config" / name)
            settings["xpack.security.http.ssl.enabled"] = True
            settings["xpack.security.http.ssl.certificate"] = "http.pem"
            settings["xpack.security.http.ssl.key"] = "http.key"
        return settings

    def _free_ports(self) -> int:
        """The first port of a free block, locked against other processes as long as this cluster stands."""
        locks = cache_folder() / "ports"
        locks.mkdir(exist_ok=True)
        for first in random.sample(_PORTS, len(_PORTS)):
            lock = (locks / str(first)).open("w")
            with contextlib.suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for port in range(first, first + _PORTS.step):
                    with socket.socket() as probe:
                        probe.bind(("127.0.0.1", port))
                self._ports_lock = lock
                return first
            lock.close()
        raise RuntimeError(f"no block of {_PORTS.step} free ports between {_PORTS.start} and {_PORTS.stop}")


def main() -> None:
    parser = argparse.ArgumentParser(description="A real Elasticsearch on 127.0.0.1, until Ctrl-C.")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--port", type=int, default=9200, help="of the first node; the others follow")
    parser.add_argument("--folder", type=Path, help="keeps the data; without one they go at the end")
    parser.add_argument("--security", action="store_true", help="TLS and a password")
    arguments = parser.parse_args()
    folder = arguments.folder.absolute() if arguments.folder else None
    # Also where it runs in the background: a shell lets SIGINT be ignored there.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    cluster = Cluster(folder, arguments.nodes, tls=arguments.security, port=arguments.port)
    with contextlib.suppress(KeyboardInterrupt), cluster:
        print(f"Elasticsearch answers in {cluster.folder}:", *cluster.urls)
        print(f"export PATHLIT_ELASTICSEARCH__HOSTS='{json.dumps(cluster.urls)}'")
        if cluster.secured:
            print(f"export PATHLIT_ELASTICSEARCH__CA_FILE={cluster.ca_file}")
            print(f"export PATHLIT_ELASTICSEARCH__USERNAME={cluster.username}")
            print(f"export PATHLIT_ELASTICSEARCH__PASSWORD={cluster.password}")
        print("Ctrl-C ends it.", flush=True)
        while any(node.running for node in cluster.nodes):
            time.sleep(1)
        raise SystemExit(f"no node is left running\n{cluster.nodes[0].last_words()}")


if __name__ == "__main__":
    main()
