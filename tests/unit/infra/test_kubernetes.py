"""The base for Kubernetes: what it says fits together, and is what the program and the templates say."""

import subprocess
from collections import defaultdict
from pathlib import Path
from shutil import which
from typing import Any, TypeAlias

import pytest
import yaml

from cloud.config import CloudSettings
from infra.local.cli import commands
from mobile_api.app import all_operations
from mobile_api.config import ApiSettings

FOLDER = Path(__file__).parents[3] / "infra" / "k8s"
Document: TypeAlias = dict[str, Any]


@pytest.fixture(scope="module")
def documents() -> dict[str, list[Document]]:
    """By kind."""
    named = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert {*named, "kustomization.yaml"} == {path.name for path in FOLDER.iterdir()}
    found: dict[str, list[Document]] = defaultdict(list)
    for name in named:
        for document in yaml.safe_load_all((FOLDER / name).read_text()):
            found[document["kind"]].append(document)
    return found


def pods(documents: dict[str, list[Document]]) -> dict[str, Document]:
    """What a pod of each workload is made from."""
    made = {each["metadata"]["name"]: each["spec"]["template"] for each in documents["Deployment"]}
    jobs = documents["CronJob"]
    return made | {each["metadata"]["name"]: each["spec"]["jobTemplate"]["spec"]["template"] for each in jobs}


def labels(documents: dict[str, list[Document]], name: str) -> Document:
    found: Document = pods(documents)[name]["metadata"]["labels"]
    return found


def test_what_is_told_is_what_the_program_reads(
    documents: dict[str, list[Document]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (settings,) = documents["ConfigMap"]
    for name, value in settings["data"].items():
        monkeypatch.setenv(name, value)

    told = {
        prefix: {name for name in settings["data"] if name.startswith(prefix)}
        for prefix in ("CLOUD_", "API_")
    }
    assert sum(map(len, told.values())) == len(settings["data"])
    for prefix, read in (("CLOUD_", CloudSettings()), ("API_", ApiSettings())):
        assert {name.removeprefix(prefix).lower() for name in told[prefix]} <= read.model_fields_set
    for name, pod in pods(documents).items():
        (container,) = pod["spec"]["containers"]
        assert container["envFrom"] == [{"configMapRef": {"name": settings["metadata"]["name"]}}], name
        assert [each["name"] for each in container["env"]] == ["CLOUD_MODELS_KEY"]


def test_selectors_find_the_pods_that_there_are(documents: dict[str, list[Document]]) -> None:
    for each in documents["Deployment"]:
        assert each["spec"]["selector"]["matchLabels"] == labels(documents, each["metadata"]["name"])
    (service,), (budget,) = documents["Service"], documents["PodDisruptionBudget"]
    (scaling,) = documents["HorizontalPodAutoscaler"]

    assert service["spec"]["selector"] == labels(documents, "api")
    assert budget["spec"]["selector"]["matchLabels"] == labels(documents, "api")
    assert scaling["spec"]["scaleTargetRef"]["name"] == "api"
    assert budget["spec"]["minAvailable"] < scaling["spec"]["minReplicas"]
    (api,) = [each for each in documents["Deployment"] if each["metadata"]["name"] == "api"]
    assert "replicas" not in api["spec"]  # autoscaling's to say
    (advisor,) = [each for each in documents["Deployment"] if each["metadata"]["name"] == "advisor"]
    assert (advisor["spec"]["replicas"], advisor["spec"]["strategy"]) == (1, {"type": "Recreate"})


def test_probes_ask_what_the_api_answers(documents: dict[str, list[Document]]) -> None:
    (container,) = pods(documents)["api"]["spec"]["containers"]
    (port,) = container["ports"]
    asked = {name: container[name]["httpGet"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}

    routes = {operation.path for operation in all_operations()}
    assert {each["path"] for each in asked.values()} <= routes
    assert asked["readinessProbe"]["path"] == "/readyz"
    assert asked["livenessProbe"]["path"] == "/healthz"  # a store that is away is no reason to be killed
    assert {each["port"] for each in asked.values()} == {port["name"]}
    assert str(port["containerPort"]) == documents["ConfigMap"][0]["data"]["API_PORT"]


def test_jobs_are_commands_that_there_are(documents: dict[str, list[Document]]) -> None:
    for each in documents["CronJob"]:
        (container,) = pods(documents)[each["metadata"]["name"]]["spec"]["containers"]
        program, first, second, *_ = container["command"]
        group = commands.commands[first]
        assert program == "ac-advisor"
        assert each["spec"]["concurrencyPolicy"] == "Forbid"
        known = {option for parameter in group.params for option in parameter.opts}
        assert second in known | {*getattr(group, "commands", {})}


def test_nobody_is_root_or_writes_but_in_tmp(documents: dict[str, list[Document]]) -> None:
    for name, pod in pods(documents).items():
        (container,) = pod["spec"]["containers"]
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True, name
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert [each["mountPath"] for each in container["volumeMounts"]] == ["/tmp"]  # noqa: S108 (the pod's own)


def test_kubernetes_takes_it(documents: dict[str, list[Document]]) -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="it comes with the extra `infra`")

    for document in (each for of_kind in documents.values() for each in of_kind):
        validate.validate(document, validate.latest_version(), strict=True)


@pytest.mark.skipif(which("kubectl") is None, reason="kubectl is not installed")
def test_kustomize_makes_one_of_it(documents: dict[str, list[Document]]) -> None:
    made = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, check=True).stdout  # noqa: S607 (found above)

    built = list(yaml.safe_load_all(made))
    assert len(built) == sum(map(len, documents.values()))
    assert all(each["metadata"]["labels"]["app.kubernetes.io/part-of"] == "ac-advisor" for each in built)
