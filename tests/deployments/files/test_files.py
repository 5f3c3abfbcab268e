"""The files that say where and when: sound YAML, names that exist, templates and automations that Prefect takes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[3]
PLACE = ROOT / "deployments"
COMPOSE = yaml.safe_load((PLACE / "compose.yaml").read_text("utf-8"))
KUBERNETES = yaml.safe_load((PLACE / "kubernetes" / "job-templates.yaml").read_text("utf-8"))
SECRET = re.compile("KEY|TOKEN|PASSWORD|AUTH")
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
            setting = name.removesuffix("_FILE")
            assert not name.startswith("PREFECT_") or setting in known, name


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
    login = "/run/secrets/prefect_login"
    assert environment("server")["PREFECT_SERVER_API_AUTH_STRING_FILE"] == login
    for service in ("deploy", "worker-cpu", "worker-gpu"):
        assert environment(service)["PREFECT_API_AUTH_STRING_FILE"] == login


def test_secrets_are_files_and_each_service_gets_those_that_it_names_and_no_other():
    for service, tree in COMPOSE["services"].items():
        secret = {n: v for n, v in environment(service).items() if SECRET.search(n)}
        assert all(name.endswith("_FILE") for name in secret), service
        assert {v.removeprefix("/run/secrets/") for v in secret.values()} == {*tree["secrets"]}
    assert {*COMPOSE["secrets"]} == {
        name for tree in COMPOSE["services"].values() for name in tree["secrets"]
    }
    assert [
        s for s, tree in COMPOSE["services"].items() if "openai_api_key" in tree["secrets"]
    ] == ["worker-cpu"]


def test_secrets_are_kept_out_of_the_repository_and_the_image():
    for tree in COMPOSE["secrets"].values():
        assert tree["file"].startswith("secrets/")
    assert "secrets/" in (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert "**/secrets" in (ROOT / ".dockerignore").read_text("utf-8").splitlines()


def test_every_service_has_a_limit_of_memory_and_what_lasts_a_healthcheck():
    for service, tree in COMPOSE["services"].items():
        assert tree["deploy"]["resources"]["limits"]["memory"], service
        assert tree["restart"] == ("on-failure" if service == "deploy" else "unless-stopped")
        assert ("test" in tree["healthcheck"]) == (service != "deploy"), service


def test_the_gpu_worker_is_started_only_where_it_is_asked_for():
    asked = {service: tree.get("profiles") for service, tree in COMPOSE["services"].items()}
    assert {service for service, profiles in asked.items() if profiles} == {"worker-gpu"}
    assert asked["worker-gpu"] == ["gpu"]


def test_the_servers_image_is_of_the_pinned_prefect():
    pinned = re.search(r"^prefect==(.+)$", (ROOT / "constraints.txt").read_text("utf-8"), re.M)[1]
    assert COMPOSE["services"]["server"]["image"].startswith(f"prefecthq/prefect:{pinned}-python")


def test_prefects_own_image_has_all_that_our_check_of_hosts_imports():
    """It has Prefect and what Prefect needs, and of ours tasks/ alone."""
    code = (
        "import sys; import tasks.engine.orchestration.server_app\n"
        "print(*{n.partition('.')[0] for n in sys.modules} - sys.stdlib_module_names)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    needed = {name for name in done.stdout.split() if not name.startswith("_")}
    prefects = {"starlette", "anyio", "sniffio", "typing_extensions", "python_multipart"}
    assert needed <= {"tasks"} | prefects


def run_entrypoint(*command, **environment):
    return subprocess.run(
        [PLACE / "entrypoint.sh", *command],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
    )


def test_the_entrypoint_executes_what_it_is_given_word_for_word():
    done = run_entrypoint("sh", "-c", 'printf "%s|" "$@"; exit 7', "sh", "a b", "", "$HOME")
    assert (done.returncode, done.stdout) == (7, "a b||$HOME|")


def test_the_entrypoint_reads_secrets_from_files_and_names_no_file_to_the_command(tmp_path):
    key = tmp_path / "key"
    key.write_text("sk-'\"$x `y`\n")
    done = run_entrypoint("env", OPENAI_API_KEY_FILE=str(key), SSL_CERT_FILE="/etc/ssl/x")
    told = done.stdout.splitlines()
    assert "OPENAI_API_KEY=sk-'\"$x `y`" in told and "SSL_CERT_FILE=/etc/ssl/x" in told
    assert not [line for line in told if line.startswith("OPENAI_API_KEY_FILE")]


def test_an_empty_key_is_as_if_it_were_not_set_but_nothing_starts_without_a_password(tmp_path):
    empty = tmp_path / "empty"
    empty.write_text("\n")
    assert "HF_TOKEN" not in run_entrypoint("env", HF_TOKEN_FILE=str(empty)).stdout
    for name in (
        "PREFECT_SERVER_API_AUTH_STRING",
        "PREFECT_API_AUTH_STRING",
        "PREFECT_SERVER_DATABASE_PASSWORD",
    ):
        done = run_entrypoint("echo", "started", **{f"{name}_FILE": str(empty)})
        assert done.returncode == 1 and "is empty" in done.stderr and not done.stdout


def test_a_secret_that_cannot_be_read_is_told(tmp_path):
    done = run_entrypoint("echo", "started", HF_TOKEN_FILE=str(tmp_path / "not-here"))
    assert done.returncode == 1 and "HF_TOKEN_FILE" in done.stderr and not done.stdout


def test_docker_compose_reads_the_file(tmp_path):
    """Where one is installed; it fills in the variables of the example."""
    if not (compose := shutil.which("docker-compose")):
        pytest.skip("no docker-compose on this machine: apt-get install docker-compose")
    done = subprocess.run(
        [
            compose,
            "-f",
            PLACE / "compose.yaml",
            "--env-file",
            PLACE / "env.example",
            "--profile",
            "gpu",
            "config",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    read = yaml.safe_load(done.stdout)["services"]
    assert read.keys() == COMPOSE["services"].keys()
    books = [v for v in read["worker-cpu"]["volumes"] if "/books" in str(v)]
    assert str(ROOT / "books") in str(books)


def test_what_compose_runs_is_there():
    assert COMPOSE["services"]["deploy"]["command"] == ["python3", "-m", "deployments.register"]
    assert (PLACE / "register.py").is_file()
    assert (PLACE / "entrypoint.sh").stat().st_mode & 0o111
    ours = (ROOT / "pyproject.toml").read_text("utf-8")
    for service in ("worker-cpu", "worker-gpu"):
        command, pool, *_ = COMPOSE["services"][service]["command"]
        assert f"\n{command} = " in ours and service.endswith(pool)
    for service in COMPOSE["services"].values():
        if "build" in service:
            assert (PLACE / ".." / service["build"]["dockerfile"]).is_file()
    copied = re.findall(
        r"^COPY (?:--chown=\S+ )?(.+) \S+$", (PLACE / "Dockerfile").read_text("utf-8"), re.M
    )
    assert copied
    assert all((ROOT / name).exists() for line in copied for name in line.split())


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
