"""The files for Kubernetes: templates that Prefect takes, a job that Prefect's own class renders and that really runs, secrets where they are needed."""

import asyncio
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from support.small_study import build_small_plan

from deployments.register import register_deployments

ROOT = Path(__file__).parents[3]
PLACE = ROOT / "deployments" / "kubernetes"
POOLS = yaml.safe_load((PLACE / "job-templates.yaml").read_text("utf-8"))["pools"]
SERVER, WORKER = (
    yaml.safe_load((PLACE / f"{name}-values.yaml").read_text("utf-8"))
    for name in ("server", "worker")
)
CLAIMS = list(yaml.safe_load_all((PLACE / "cluster.yaml").read_text("utf-8")))
COMPOSE = yaml.safe_load((ROOT / "deployments" / "compose.yaml").read_text("utf-8"))["services"]


def pod_of(pool):
    return POOLS[pool]["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]


def read_entrypoint():
    """What the image executes, with this checkout in the place of /app."""
    dockerfile = (ROOT / "deployments" / "Dockerfile").read_text("utf-8")
    given = json.loads(re.search(r"^ENTRYPOINT (.+)$", dockerfile, re.M)[1])
    return [word.replace("/app", str(ROOT)) for word in given]


@pytest.mark.parametrize("pool", ["cpu", "gpu"])
def test_a_job_template_uses_only_variables_that_it_declares(pool):
    used = set(re.findall(r"\{\{ (\w+) \}\}", yaml.safe_dump(POOLS[pool]["job_configuration"])))
    assert used <= POOLS[pool]["variables"]["properties"].keys()
    pod = pod_of(pool)
    assert ("nvidia.com/gpu" in pod["containers"][0]["resources"]["limits"]) == (pool == "gpu")
    assert pod["securityContext"]["runAsNonRoot"] and pod["restartPolicy"] == "Never"


def test_the_writers_key_reaches_the_cpu_jobs_alone():
    secrets = {
        pool: [one["secretRef"]["name"] for one in pod_of(pool)["containers"][0]["envFrom"]]
        for pool in POOLS
    }
    assert secrets == {"cpu": ["book2lora-writer", "book2lora-hub"], "gpu": ["book2lora-hub"]}
    assert "book2lora" not in yaml.safe_dump([WORKER["worker"].get("extraEnvVarsSecrets", [])])


def test_every_claim_that_a_pod_mounts_is_there_and_can_be_shared():
    claims = {
        one["metadata"]["name"]: one for one in CLAIMS if one["kind"] == "PersistentVolumeClaim"
    }
    for pool in POOLS:
        mounted = {
            one["persistentVolumeClaim"]["claimName"]
            for one in pod_of(pool)["volumes"]
            if "persistentVolumeClaim" in one
        }
        assert mounted == claims.keys()
    assert all(one["spec"]["accessModes"] == ["ReadWriteMany"] for one in claims.values())


def test_the_server_in_the_cluster_has_the_settings_and_the_image_of_compose():
    given = {one["name"]: one["value"] for one in SERVER["server"]["env"]}
    assert given == {name: COMPOSE["server"]["environment"][name] for name in given}
    image = SERVER["global"]["prefect"]["image"]
    assert f"{image['repository']}:{image['prefectTag']}" == COMPOSE["server"]["image"]
    assert WORKER["worker"]["image"]["prefectTag"] == f"{image['prefectTag']}-kubernetes"


def test_all_ask_the_same_server_with_the_same_login():
    register = CLAIMS[-1]["spec"]["template"]["spec"]["containers"][0]
    login = {one["name"]: one for one in register["env"]}
    assert (
        login["PREFECT_API_URL"]["value"]
        == (WORKER["worker"]["selfHostedServerApiConfig"]["apiUrl"])
    )
    names = {
        login["PREFECT_API_AUTH_STRING"]["valueFrom"]["secretKeyRef"]["name"],
        SERVER["server"]["basicAuth"]["existingSecret"],
        WORKER["worker"]["selfHostedServerApiConfig"]["basicAuth"]["existingSecret"],
    }
    assert names == {"prefect-login"}


def test_jobs_have_the_settings_of_our_own_workers():
    from tasks.engine.orchestration import prefect_settings

    ours = Path(prefect_settings.__file__).read_text("utf-8")
    for pool in POOLS:
        for name, value in POOLS[pool]["variables"]["properties"]["env"]["default"].items():
            assert f'"{name}": "{value}"' in ours


def test_the_registration_runs_by_the_images_entrypoint():
    """Without a server it says which variable is missing, and ends with 2."""
    job = CLAIMS[-1]["spec"]["template"]["spec"]["containers"][0]
    done = subprocess.run(
        [*read_entrypoint(), *job["args"]],
        cwd=ROOT,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "BOOK2LORA_LANG": "en"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "set PREFECT_API_URL" in done.stderr


@pytest.mark.timeout(600)
def test_a_job_that_prefects_own_class_renders_runs_the_study(prefect, rerun, tmp_path):
    """The argv, the environment and the entrypoint of the image, executed here on a real server."""
    worker = pytest.importorskip(
        "prefect_kubernetes.worker", reason="not installed: pip install -e .[kubernetes]"
    )
    from prefect import get_client
    from prefect.settings import PREFECT_API_URL

    with get_client(sync_client=True) as client:
        register_deployments({"PREFECT_API_URL": PREFECT_API_URL.value()}, kubernetes=True)
        deployment = client.read_deployment_by_name("study/laptop")
        run = client.create_flow_run_from_deployment(
            deployment.id, parameters={"plan": build_small_plan().model_dump(mode="json")}
        )
        pool = client.read_work_pool("cpu")
        job = asyncio.run(
            worker.KubernetesWorkerJobConfiguration.from_template_and_values(
                pool.base_job_template, deployment.job_variables | (run.job_variables or {})
            )
        )
        job.prepare_for_flow_run(run, deployment, client.read_flow(run.flow_id), pool, "worker-1")
        container = job.job_manifest["spec"]["template"]["spec"]["containers"][0]
        assert "command" not in container, "it would replace the image's entrypoint"
        done = subprocess.run(
            [*read_entrypoint(), *container["args"]],
            cwd=ROOT,
            env={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "RUNS_DIR": str(rerun.store),
                **{one["name"]: one["value"] for one in container["env"]},
            },
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        now = client.read_flow_run(run.id)
        assert now.state.is_completed(), now.state.message
        for one in client.read_deployments():
            client.delete_deployment(one.id)
        for name in ("cpu", "gpu"):
            client.delete_work_pool(name)
