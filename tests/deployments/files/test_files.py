"""The files that say where and when: sound YAML, names that exist, templates and automations that Prefect takes."""

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PLACE = ROOT / "deployments"
COMPOSE = yaml.safe_load((PLACE / "compose.yaml").read_text("utf-8"))
KUBERNETES = yaml.safe_load((PLACE / "kubernetes.yaml").read_text("utf-8"))
AUTOMATIONS = yaml.safe_load((PLACE / "automations.yaml").read_text("utf-8"))["automations"]


def environment(service):
    return COMPOSE["services"][service].get("environment", {})


def test_every_variable_that_compose_asks_for_is_in_the_example_and_the_other_way_round():
    asked = set(re.findall(r"\$\{(\w+)", (PLACE / "compose.yaml").read_text("utf-8")))
    given = set(re.findall(r"^(\w+)=", (PLACE / "env.example").read_text("utf-8"), re.M))
    assert asked == given


def test_no_value_of_the_example_carries_a_remark():
    """kubectl takes it for a part of the value, and so does compose where the value is empty."""
    lines = (PLACE / "env.example").read_text("utf-8").splitlines()
    assert not [line for line in lines if "=" in line and not line.startswith("#") and "#" in line]


def test_what_the_example_leaves_empty_is_as_if_it_were_not_set(monkeypatch):
    from tasks.generation.openai.request_runner import RetryPolicy
    from tasks.generation.openai.transport.server_calls import open_client

    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", "")
    assert str(open_client(RetryPolicy()).base_url) == "https://api.openai.com/v1/"


def test_no_secret_gets_into_the_image_or_the_repository():
    assert "**/.env" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ".env" in (ROOT / ".gitignore").read_text("utf-8").splitlines()


def test_the_servers_settings_in_compose_are_those_of_the_house():
    from tasks.engine.orchestration import prefect_settings

    ours = dict(
        re.findall(
            r'"(PREFECT_SERVER_\w+|DO_NOT_TRACK)": "([^"]+)"',
            Path(prefect_settings.__file__).read_text("utf-8"),
        )
    )
    shared = ours.keys() & environment("server").keys()
    assert shared >= {name for name in ours if "CONCURRENCY" in name or "ANALYTICS" in name}
    assert {name: environment("server")[name] for name in shared} == {
        name: ours[name] for name in shared
    }


def test_every_prefect_setting_in_compose_is_one():
    from prefect.settings import Settings

    known = {f"PREFECT_{name}" for name in settings_of(Settings)}
    for service in COMPOSE["services"]:
        for name in environment(service):
            assert not name.startswith("PREFECT_") or name in known, name


def settings_of(model, before=""):
    """`SERVER_API_AUTH_STRING` for Settings.server.api.auth_string, and the names that are short for one."""
    from pydantic import AliasChoices, AliasPath, BaseModel

    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings_of(field.annotation, f"{before}{name}_".upper())
        yield f"{before}{name}".upper()
        if isinstance(field.validation_alias, AliasChoices):
            aliases = [
                alias
                for alias in field.validation_alias.choices
                if not isinstance(alias, AliasPath)
            ]
            yield from (alias.upper().removeprefix("PREFECT_") for alias in aliases)


def test_the_server_waits_for_its_database_and_the_workers_for_the_server():
    services = COMPOSE["services"]
    assert services["server"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("deploy", "worker-cpu", "worker-gpu"):
        assert services[name]["depends_on"] == {"server": {"condition": "service_healthy"}}
        assert services[name]["environment"]["PREFECT_API_URL"] == "http://server:4200/api"
    assert "healthcheck" in services["database"] and "healthcheck" in services["server"]


def test_only_the_servers_port_is_published_and_only_on_loopback():
    ports = {
        name: service["ports"]
        for name, service in COMPOSE["services"].items()
        if "ports" in service
    }
    assert ports == {"server": ["127.0.0.1:4200:4200"]}


def test_authentication_is_on_and_its_two_ends_fit():
    assert environment("server")["PREFECT_SERVER_API_AUTH_STRING"].startswith("${PREFECT_AUTH")
    assert environment("worker-gpu")["PREFECT_API_AUTH_STRING"].startswith("${PREFECT_AUTH:?")


def test_no_secret_has_a_value_of_its_own():
    for service in COMPOSE["services"]:
        for name, value in environment(service).items():
            if re.search("KEY|TOKEN|PASSWORD|AUTH", name):
                assert value.startswith("${"), f"{service}: {name}"


def test_what_compose_runs_is_there():
    assert COMPOSE["services"]["deploy"]["entrypoint"] == ["python3", "-m", "deployments.register"]
    assert (PLACE / "register.py").is_file()
    for service in COMPOSE["services"].values():
        if "build" in service:
            assert (PLACE / ".." / service["build"]["dockerfile"]).is_file()
    copied = re.findall(
        r"^COPY (?:--chown=\S+ )?(.+) \S+$", (PLACE / "Dockerfile").read_text("utf-8"), re.M
    )
    assert copied
    assert all((ROOT / name).exists() for line in copied for name in line.split())


@pytest.mark.parametrize("pool", ["cpu", "gpu"])
def test_a_job_template_uses_only_variables_that_it_declares(pool):
    template = KUBERNETES["pools"][pool]
    used = set(re.findall(r"\{\{ (\w+) \}\}", yaml.safe_dump(template["job_configuration"])))
    assert used <= template["variables"]["properties"].keys()
    pod = template["job_configuration"]["job_manifest"]["spec"]["template"]["spec"]
    assert ("nvidia.com/gpu" in pod["containers"][0]["resources"]["limits"]) == (pool == "gpu")
    assert pod["securityContext"]["runAsNonRoot"] and pod["restartPolicy"] == "Never"


def test_prefect_takes_the_job_templates(prefect):
    from prefect import get_client
    from prefect.client.schemas.actions import WorkPoolCreate

    with get_client(sync_client=True) as client:
        for pool, template in KUBERNETES["pools"].items():
            made = client.create_work_pool(
                WorkPoolCreate(name=f"k8s-{pool}", type="kubernetes", base_job_template=template)
            )
            assert (
                made.base_job_template["variables"]["properties"]["image"]["default"]
                == f"book2lora-{pool}:latest"
            )


@pytest.mark.parametrize("tree", AUTOMATIONS, ids=lambda tree: tree["name"])
def test_an_automation_fits_prefects_schema(tree):
    from prefect.events.schemas.automations import AutomationCore

    made = AutomationCore.model_validate(tree)
    assert made.enabled
    for event in made.trigger.expect | getattr(made.trigger, "after", set()):
        assert re.fullmatch(
            r"prefect\.flow-run\.(heartbeat|Running|Completed|Failed|Cancelled|Crashed)", event
        )


def test_prefect_takes_the_watch_for_dead_runs(prefect):
    from prefect import get_client
    from prefect.events.schemas.automations import AutomationCore

    with get_client(sync_client=True) as client:
        client.create_automation(AutomationCore.model_validate(AUTOMATIONS[0]))
        assert client.read_automations_by_name(AUTOMATIONS[0]["name"])


def test_two_silent_heartbeats_are_less_than_the_time_that_counts_as_death():
    from tasks.engine.orchestration import prefect_settings

    beat = int(
        re.search(
            r'HEARTBEAT_FREQUENCY": "(\d+)"', Path(prefect_settings.__file__).read_text("utf-8")
        )[1]
    )
    prefects_own = 180  # of a worker without our settings
    assert 2 * max(beat, prefects_own) < AUTOMATIONS[0]["trigger"]["within"]
