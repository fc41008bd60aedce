"""The Kubernetes objects: valid, confined, and of one mind with the program and with each other."""

from __future__ import annotations

import json
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import pytest
import yaml

from api.auth import OPEN_PATHS
from indexing.timetable import Timetable
from pathlit.settings import Settings
from tests.deploy.program import DEPLOY, PROJECT, SETTINGS_FOLDER, check_command, check_variable

KUBERNETES = "1.31"
"""The oldest version that has every feature used."""

OBJECTS: dict[str, Any] = {
    f"{each['kind']} {each['metadata']['name']}": each
    for path in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for each in yaml.safe_load_all(path.read_text(encoding="utf-8"))
}
CRON_JOB, DEPLOYMENT = OBJECTS["CronJob pathlit-refresh"], OBJECTS["Deployment pathlit"]
PODS = {"refresh": CRON_JOB["spec"]["jobTemplate"]["spec"]["template"], "serve": DEPLOYMENT["spec"]["template"]}


def test_the_objects_are_those() -> None:
    assert list(OBJECTS) == [
        "PersistentVolumeClaim pathlit-home",
        "CronJob pathlit-refresh",
        "Deployment pathlit",
        "Service pathlit",
    ]


@pytest.mark.parametrize("name", list(OBJECTS))
@pytest.mark.parametrize("version", [KUBERNETES, kubernetes_validate.latest_version()])
def test_every_object_is_what_kubernetes_expects(name: str, version: str) -> None:
    kubernetes_validate.validate(OBJECTS[name], version, strict=True)


def test_a_wrong_field_would_be_noticed() -> None:
    wrong = json.loads(json.dumps(CRON_JOB))
    wrong["spec"]["concurencyPolicy"] = wrong["spec"].pop("concurrencyPolicy")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, KUBERNETES, strict=True)


@pytest.mark.parametrize("role", list(PODS))
def test_a_pod_runs_a_command_of_the_program_in_the_image_of_this_version(role: str) -> None:
    (container,) = PODS[role]["spec"]["containers"]
    assert container["image"] == f"pathlit:{PROJECT['project']['version']}"
    assert container["args"][0] == role
    check_command(container["args"])
    assert container["args"][container["args"].index("--home") + 1] == mounted(role, "home") == "/data"


def mounted(role: str, volume: str) -> str:
    (container,) = PODS[role]["spec"]["containers"]
    (path,) = [mount["mountPath"] for mount in container["volumeMounts"] if mount["name"] == volume]
    return str(path)


@pytest.mark.parametrize("role", list(PODS))
def test_a_pod_has_the_home_the_settings_and_a_folder_for_temporary_files(role: str) -> None:
    volumes = {volume["name"]: volume for volume in PODS[role]["spec"]["volumes"]}
    assert volumes["home"]["persistentVolumeClaim"]["claimName"] == "pathlit-home"
    assert volumes["settings"]["configMap"]["name"] == "pathlit"
    assert mounted(role, "settings") == SETTINGS_FOLDER
    assert mounted(role, "tmp") == "/tmp"  # noqa: S108 - in a container of its own


@pytest.mark.parametrize("role", list(PODS))
def test_a_pod_may_do_little(role: str) -> None:
    spec = PODS[role]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(container["resources"]["requests"]) == {"cpu", "memory"}
    assert set(container["resources"]["limits"]) == {"memory"}


@pytest.mark.parametrize("role", list(PODS))
def test_the_variables_of_a_pod_are_settings_and_come_from_the_secret(role: str) -> None:
    (container,) = PODS[role]["spec"]["containers"]
    for variable in container["env"]:
        check_variable(variable["name"])
        assert variable["valueFrom"]["secretKeyRef"]["name"] == "pathlit"
    # A service called pathlit would otherwise appear as PATHLIT_PORT and the like.
    assert PODS[role]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("role", list(PODS))
def test_pods_meet_on_the_node_that_has_the_volume(role: str) -> None:
    assert OBJECTS["PersistentVolumeClaim pathlit-home"]["spec"]["accessModes"] == ["ReadWriteOnce"]
    (term,) = PODS[role]["spec"]["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert term["labelSelector"]["matchLabels"].items() <= PODS[role]["metadata"]["labels"].items()


def test_refreshes_never_overlap_and_end() -> None:
    spec = CRON_JOB["spec"]
    job = spec["jobTemplate"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    assert spec["startingDeadlineSeconds"] == 7200
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (1, 43200)
    assert job["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [2, 5]
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    Timetable.parse(spec["schedule"], spec["timeZone"])


def test_the_probes_ask_what_the_program_answers_without_a_key() -> None:
    (container,) = PODS["serve"]["spec"]["containers"]
    paths = {name: container[name]["httpGet"]["path"] for name in ("startupProbe", "livenessProbe", "readinessProbe")}
    assert paths == {"startupProbe": "/healthz", "livenessProbe": "/healthz", "readinessProbe": "/readyz"}
    assert set(paths.values()) <= OPEN_PATHS
    assert {container[name]["httpGet"]["port"] for name in paths} == {container["ports"][0]["name"]}
    assert container["ports"][0]["containerPort"] == Settings.model_fields["api"].default.port


def test_the_service_reaches_the_search_pods_only() -> None:
    service = OBJECTS["Service pathlit"]["spec"]
    assert service["selector"] == PODS["serve"]["metadata"]["labels"] == DEPLOYMENT["spec"]["selector"]["matchLabels"]
    assert service["selector"] != PODS["refresh"]["metadata"]["labels"]
    assert service["ports"][0]["targetPort"] == "http"
