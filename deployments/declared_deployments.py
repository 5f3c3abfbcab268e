"""What prefect.yaml and the flows declare, in the words of Prefect's API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from tasks.schemas.project import PROJECT_ROOT

if TYPE_CHECKING:
    from prefect import Flow

# fields that tell how our code is run: never a matter of taste
CODE_FIELDS = frozenset({"entrypoint", "pull_steps", "parameter_openapi_schema"})
SCHEDULE, PARAMETER = "schedules.", "parameters."  # fields of their own by name


@dataclass(frozen=True)
class DeclaredDeployment:
    """A deployment as we want it: fields that are merged, and choices that hold at its creation
    only.
    """

    flow: str
    name: str
    fields: dict[str, Any]
    concurrency_limit: int | None
    active: dict[str, bool]  # schedule by slug

    @property
    def full_name(self) -> str:
        return f"{self.flow}/{self.name}"


def read_declared_deployments() -> list[DeclaredDeployment]:
    """All of prefect.yaml, in its order; the flows are imported for their parameters' schema."""
    tree = yaml.safe_load((PROJECT_ROOT / "prefect.yaml").read_text("utf-8"))
    return [_declare(one) for one in tree["deployments"]]


def _declare(tree: dict[str, Any]) -> DeclaredDeployment:
    from prefect.flows import load_flow_from_entrypoint
    from prefect.utilities.callables import parameter_schema

    path, _, function = tree["entrypoint"].partition(":")
    flow: Flow[..., Any] = load_flow_from_entrypoint(f"{PROJECT_ROOT / path}:{function}")
    schedules = tree.get("schedules", [])
    fields = {
        "entrypoint": tree["entrypoint"],
        "pull_steps": [
            {"prefect.deployments.steps.set_working_directory": {"directory": str(PROJECT_ROOT)}}
        ],
        "parameter_openapi_schema": parameter_schema(flow).model_dump(
            mode="json", exclude_unset=True
        ),
        "description": tree["description"],
        "tags": tree["tags"],
        "work_pool_name": tree["work_pool"]["name"],
        **{PARAMETER + name: value for name, value in tree.get("parameters", {}).items()},
        **{SCHEDULE + one["slug"]: describe_cron(one) for one in schedules},
    }
    return DeclaredDeployment(
        flow=flow.name,
        name=tree["name"],
        fields=fields,
        concurrency_limit=tree.get("concurrency_limit"),
        active={one["slug"]: one["active"] for one in schedules},
    )


def describe_cron(schedule: dict[str, Any]) -> dict[str, Any]:
    """When a schedule fires, without whether it is switched on."""
    return {"cron": schedule["cron"], "timezone": schedule["timezone"]}


def select_fields(fields: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """The fields below a prefix by the rest of their name."""
    for name, value in fields.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), value
