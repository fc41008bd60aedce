"""The image and the compose file agree with the program."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from indexing.child import GRACE_S
from indexing.timetable import Timetable
from tests.deploy.program import DEPLOY, PROJECT, ROOT, SETTINGS_FOLDER, check_command
from tests.servers.elasticsearch_distribution import VERSION

DOCKERFILE = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
COMPOSE: Any = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))


def test_the_image_holds_every_package_of_the_project_and_nothing_else() -> None:
    copied = {word for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, re.MULTILINE) for word in line.split()}
    packages = set(PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert copied == packages | {"constraints.txt", "pyproject.toml", "README.md", "LICENSE"}
    let_in = re.findall(r"^!(.*)$", (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(let_in) == copied
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_reads_its_settings_where_they_are_mounted() -> None:
    assert re.findall(r"^WORKDIR (.*)$", DOCKERFILE, re.MULTILINE)[-1] == SETTINGS_FOLDER
    assert "PATHLIT_HOME=/data " in DOCKERFILE
    assert "VOLUME /data\n" in DOCKERFILE


def test_the_image_serves_unless_told_otherwise_and_stops_by_a_signal_that_each_command_heeds() -> None:
    assert 'ENTRYPOINT ["pathlit"]' in DOCKERFILE
    words = json.loads(re.findall(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[-1])
    assert words == ["serve"]
    check_command(words)
    assert "STOPSIGNAL SIGINT" in DOCKERFILE


def test_compose_serves_and_refreshes_the_same_volume() -> None:
    assert set(COMPOSE["services"]) == {"serve", "refresh", "elasticsearch"}
    for service in (COMPOSE["services"]["serve"], COMPOSE["services"]["refresh"]):
        check_command([str(word) for word in service["command"]])
        assert service["volumes"][:2] == ["pathlit-data:/data", f"./pathlit.toml:{SETTINGS_FOLDER}/pathlit.toml:ro"]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
    assert set(COMPOSE["volumes"]) == {"pathlit-data", "elasticsearch-data", "elasticsearch-snapshots"}


def test_compose_starts_the_tested_elasticsearch_only_where_it_is_asked_for() -> None:
    cluster = COMPOSE["services"]["elasticsearch"]
    assert cluster["profiles"] == ["cluster"]
    assert cluster["image"] == f"elasticsearch:{VERSION}"
    assert "ports" not in cluster


def test_compose_lets_a_run_end_and_does_not_ask_the_scheduler_for_searches() -> None:
    refresh = COMPOSE["services"]["refresh"]
    command = refresh["command"]
    assert command[0] == "schedule"
    Timetable.parse(command[command.index("--cron") + 1], command[command.index("--timezone") + 1])
    assert float(refresh["stop_grace_period"].removesuffix("s")) > GRACE_S
    assert refresh["healthcheck"] == {"disable": True}
