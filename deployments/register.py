"""Create or bring up to date both work pools, all deployments and the watch for dead runs on the
server that PREFECT_API_URL names. What people changed there stays.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import httpx
import yaml
from rich.markup import escape

from deployments.declared_deployments import (
    CODE_FIELDS,
    PARAMETER,
    SCHEDULE,
    DeclaredDeployment,
    describe_cron,
    read_declared_deployments,
    select_fields,
)
from deployments.field_merge import FieldMerge, compute_field_digest, merge_fields
from tasks.language.catalogue import tell_error, tell_reader
from tasks.schemas.errors import PlanError, StudyError
from tasks.schemas.messages import build_message
from tasks.schemas.project import PROJECT_ROOT
from tasks.store.progress import print_status
from tasks.store.redaction import redact_secrets

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.responses import DeploymentResponse
    from prefect.events.schemas.automations import AutomationCore

POOLS = {"cpu": 2, "gpu": 1}  # runs at once on one worker: one model on a card at a time
RECORD_NAME = "book2lora_registered"  # Prefect variable: digests of what was registered last
TEMPLATE = "base_job_template"
LONGEST_REASON = 1000  # characters of a refusal: its end says what does not fit

Record = dict[str, dict[str, str]]  # digest by field by thing


class Registration(NamedTuple):
    """What became of one pool, deployment or automation: names of fields."""

    name: str
    is_new: bool = False
    changed: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: str = ""  # why the server did not take it; nothing of it was changed


def register_deployments(
    environment: Mapping[str, str] | None = None, kubernetes: bool = False
) -> list[Registration]:
    """Idempotent; tells what it changed. Raises ServerError where the server refuses."""
    from tasks.engine.orchestration.prefect_api import translate_api_errors

    environment = {**os.environ, **(environment or {})}
    with translate_api_errors(), _open_client(environment) as client:
        record = read_record(client)
        try:
            done = list(_register_all(client, record, kubernetes))
        finally:  # what fails takes back nothing of what was registered before it
            write_record(client, record)
    for line in describe_registrations(done):
        print_status(escape(line))
    return done


def _register_all(
    client: "SyncPrefectClient", record: Record, kubernetes: bool
) -> Iterator[Registration]:
    for pool in POOLS:
        yield register_pool(client, pool, record, kubernetes)
    for declared in read_declared_deployments():
        yield register_deployment(client, declared, record)
    yield register_crash_automation(client, record)


def describe_registrations(done: list[Registration]) -> Iterator[str]:
    """A line for what is new, and one for each thing that was changed or left as a person made
    it.
    """
    if new := tuple(one.name for one in done if one.is_new):
        yield tell_reader("registered-new", names=new)
    for one in done:
        if one.changed and not one.is_new:
            yield tell_reader("registered-changed", name=one.name, fields=one.changed)
        if one.kept:
            yield tell_reader("registered-kept", name=one.name, fields=one.kept)
        if one.refused:
            yield tell_reader("registered-refused", name=one.name, why=one.refused)
    if not any(one.is_new or one.changed or one.refused for one in done):
        yield tell_reader("registered-same")


def register_pool(
    client: "SyncPrefectClient", pool: str, record: Record, kubernetes: bool
) -> Registration:
    """Of process workers, or of Kubernetes jobs with the template of
    kubernetes/job-templates.yaml. Limit and pause are never touched.
    """
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectNotFound

    kind = "kubernetes" if kubernetes else "process"
    template = read_job_template(pool, kubernetes)
    thing = f"pool {pool}"
    try:
        there = client.read_work_pool(pool)
    except ObjectNotFound:
        client.create_work_pool(WorkPoolCreate(name=pool, type=kind, base_job_template=template))
        record[thing] = {TEMPLATE: compute_field_digest(template)}
        return Registration(thing, is_new=True)
    if there.type != kind:
        raise PlanError(
            build_message("pool-of-other-type", pool=pool, there=there.type, wanted=kind)
        )
    merged = merge_fields(
        {TEMPLATE: template}, {TEMPLATE: there.base_job_template}, record.get(thing)
    )
    if merged.changed:
        client.update_work_pool(pool, WorkPoolUpdate(base_job_template=template))
    record[thing] = merged.record
    return _summarize(thing, merged)


def read_job_template(pool: str, kubernetes: bool) -> dict[str, Any]:
    """The job template of a pool as we declare it."""
    from prefect.workers.process import ProcessWorker

    if not kubernetes:
        return ProcessWorker.get_default_base_job_template()
    text = (PROJECT_ROOT / "deployments" / "kubernetes" / "job-templates.yaml").read_text("utf-8")
    template: dict[str, Any] = yaml.safe_load(text)["pools"][pool]
    return template


def register_deployment(
    client: "SyncPrefectClient", declared: DeclaredDeployment, record: Record
) -> Registration:
    """Whether it and its schedules are switched on, its limit and its job variables are ours at
    its creation only. Where what a person set no longer fits the flow, it is left whole.
    """
    from prefect.exceptions import ObjectNotFound

    thing = declared.full_name
    try:
        there = client.read_deployment_by_name(thing)
    except ObjectNotFound:
        _create_deployment(client, declared)
        record[thing] = merge_fields(declared.fields, {}, {}).record
        return Registration(thing, is_new=True)
    present, last = describe_deployment(there), record.get(thing)
    present = find_unnamed_schedules(there, declared.fields) | present
    if "work_pool_name" not in present:  # its pool was deleted: nobody would run it
        last = {name: digest for name, digest in (last or {}).items() if name != "work_pool_name"}
    merged = merge_fields(declared.fields, present, last, CODE_FIELDS)
    if merged.changed and (why := _update_deployment(client, there, declared, merged.changed)):
        return Registration(thing, refused=why)
    record[thing] = merged.record
    return _summarize(thing, merged)


def describe_deployment(there: "DeploymentResponse") -> dict[str, Any]:
    """A deployment of the server in the fields of a declared one; what it lacks is absent."""
    tree = there.model_dump(mode="json")
    names = (*CODE_FIELDS, "description", "tags", "work_pool_name")
    crons = {
        f"{SCHEDULE}{one['slug']}": describe_cron(one["schedule"])
        for one in tree["schedules"]
        if one["slug"] and "cron" in one["schedule"]
    }
    return {
        **{name: tree[name] for name in names if tree[name] is not None},
        **{PARAMETER + name: value for name, value in tree["parameters"].items()},
        **crons,
    }


def find_unnamed_schedules(
    there: "DeploymentResponse", fields: Mapping[str, Any]
) -> dict[str, Any]:
    """Our schedules that a version which named none has made: they fire when ours do."""
    tree = there.model_dump(mode="json")
    crons = [
        describe_cron(one["schedule"])
        for one in tree["schedules"]
        if not one["slug"] and "cron" in one["schedule"]
    ]
    return {
        name: value
        for name, value in fields.items()
        if name.startswith(SCHEDULE) and value in crons
    }


def _create_deployment(client: "SyncPrefectClient", declared: DeclaredDeployment) -> None:
    fields = declared.fields
    client.create_deployment(
        client.create_flow_from_name(declared.flow),
        declared.name,
        parameters=dict(select_fields(fields, PARAMETER)),
        schedules=[
            _build_schedule(declared, slug, when) for slug, when in select_fields(fields, SCHEDULE)
        ],
        concurrency_limit=declared.concurrency_limit,
        enforce_parameter_schema=True,
        **_select_plain(fields),
    )


def _select_plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if "." not in name}


def _build_schedule(
    declared: DeclaredDeployment, slug: str, when: dict[str, Any]
) -> "DeploymentScheduleCreate":
    from prefect.client.schemas.actions import DeploymentScheduleCreate
    from prefect.client.schemas.schedules import CronSchedule

    return DeploymentScheduleCreate(
        schedule=CronSchedule(**when), active=declared.active[slug], slug=slug
    )


def _update_deployment(
    client: "SyncPrefectClient",
    there: "DeploymentResponse",
    declared: DeclaredDeployment,
    changed: dict[str, Any],
) -> str:
    """Send what is changed; why the server refuses it, or nothing."""
    from prefect.client.schemas.actions import DeploymentUpdate
    from prefect.client.schemas.schedules import CronSchedule
    from prefect.exceptions import PrefectHTTPStatusError

    update = _select_plain(changed)
    if parameters := dict(select_fields(changed, PARAMETER)):
        update["parameters"] = {**there.parameters, **parameters}
    try:
        if update:
            client.update_deployment(there.id, DeploymentUpdate(**update))
    except PrefectHTTPStatusError as error:
        if error.response.status_code != httpx.codes.CONFLICT:
            raise
        return redact_secrets(str(error.response.json()["detail"])[-LONGEST_REASON:])
    ids = {one.slug: one.id for one in there.schedules}
    for slug, when in select_fields(changed, SCHEDULE):
        if slug in ids:  # `active` is not sent, so it stays
            client.update_deployment_schedule(there.id, ids[slug], schedule=CronSchedule(**when))
        else:
            client.create_deployment_schedules(there.id, [_build_schedule(declared, slug, when)])
    return ""


def register_crash_automation(client: "SyncPrefectClient", record: Record) -> Registration:
    """The first automation of automations.yaml: a run whose machine was lost becomes Crashed, so
    that nobody waits for it. One that is switched off stays so.
    """
    watch = read_crash_automation()
    thing = f"automation {watch.name}"
    found = client.read_automations_by_name(watch.name)
    if not found:
        client.create_automation(watch)
        record[thing] = {"definition": compute_field_digest(describe_automation(watch))}
        return Registration(thing, is_new=True)
    merged = merge_fields(
        {"definition": describe_automation(watch)},
        {"definition": describe_automation(found[0])},
        record.get(thing),
    )
    if merged.changed:
        client.update_automation(
            found[0].id, watch.model_copy(update={"enabled": found[0].enabled})
        )
    record[thing] = merged.record
    return _summarize(thing, merged)


def read_crash_automation() -> "AutomationCore":
    """The watch for dead runs as we declare it."""
    from prefect.events.schemas.automations import AutomationCore

    text = (PROJECT_ROOT / "deployments" / "automations.yaml").read_text("utf-8")
    return AutomationCore.model_validate(yaml.safe_load(text)["automations"][0])


def describe_automation(automation: "AutomationCore") -> dict[str, Any]:
    """What it does and when, without whether it is switched on; sets in one order."""
    tree = automation.model_dump(mode="json", include={"name", "description", "trigger", "actions"})
    for name in ("after", "expect", "for_each"):
        tree["trigger"][name] = sorted(tree["trigger"][name])
    return tree


def read_record(client: "SyncPrefectClient") -> Record:
    """What was registered last; empty on a server that was never registered at, or by a version
    that kept no record.
    """
    found = client.read_variable_by_name(RECORD_NAME)
    return found.value if found is not None and isinstance(found.value, dict) else {}


def write_record(client: "SyncPrefectClient", record: Record) -> None:
    """For the next registration, wherever it runs."""
    from prefect.client.schemas.actions import VariableCreate, VariableUpdate

    if client.read_variable_by_name(RECORD_NAME) is None:
        client.create_variable(VariableCreate(name=RECORD_NAME, value=record))
    else:
        client.update_variable(VariableUpdate(name=RECORD_NAME, value=record))


def _summarize(thing: str, merged: FieldMerge) -> Registration:
    return Registration(thing, changed=tuple(merged.changed), kept=merged.kept)


def _open_client(environment: Mapping[str, str]) -> "SyncPrefectClient":
    from prefect.client.orchestration import SyncPrefectClient

    return SyncPrefectClient(
        environment["PREFECT_API_URL"], auth_string=environment.get("PREFECT_API_AUTH_STRING")
    )


def main() -> None:
    """Exit codes: 0 done, 1 the server is away or refuses, 2 none is named."""
    from tasks.engine.orchestration.prefect_settings import configure_prefect

    configure_prefect()
    try:
        ensure_server_reachable()
        register_deployments(kubernetes="--kubernetes" in sys.argv)
    except StudyError as error:
        exit_with_error("register", error)


def ensure_server_reachable() -> None:
    """Raises PlanError where no server is named, ServerError where it does not let us in: Prefect
    would start one of its own.
    """
    if not os.environ.get("PREFECT_API_URL"):
        raise PlanError(build_message("no-server-named"))
    from tasks.engine.orchestration.prefect_api import ensure_reachable

    ensure_reachable()


def exit_with_error(name: str, error: StudyError) -> NoReturn:
    """One sentence, and the exit code of its kind."""
    sys.stderr.write(f"{name}: {tell_error(error)}\n")
    sys.exit(2 if isinstance(error, PlanError) else 1)


if __name__ == "__main__":
    main()
