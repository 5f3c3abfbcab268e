"""Prefect's server, asked before any work: is it there, does it let us in, does it know the
deployment? One sentence where not.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect import get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.settings import (
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from tasks.schemas.errors import PlanError, ServerError
from tasks.store.redaction import redact_login

RESPONSE_TIMEOUT_SECONDS = 20.0  # of a server, before it is asked a second and last time


def ensure_reachable() -> None:
    """Raises ServerError where PREFECT_API_URL names no Prefect server that lets us in."""
    patience = {
        PREFECT_CLIENT_MAX_RETRIES: 1,
        PREFECT_API_REQUEST_TIMEOUT: RESPONSE_TIMEOUT_SECONDS,
    }  # else a silent server is told in 7 minutes
    with (
        translate_api_errors(),
        temporary_settings(patience),
        get_client(sync_client=True) as client,
    ):
        try:
            client.api_version()
        except (
            ValueError
        ) as error:  # an answer that is no JSON: the dashboard's pages, another server
            raise ServerError(
                f"{get_api_address()} is no Prefect API; such an address ends with /api"
                " (PREFECT_API_URL)."
            ) from error


def get_deployment(name: str) -> DeploymentResponse:
    """A deployment by its name; raises PlanError with those that there are."""
    with translate_api_errors(), get_client(sync_client=True) as client:
        try:
            return client.read_deployment_by_name(name)
        except (ObjectNotFound, ValueError) as error:
            names = {flow.id: flow.name for flow in client.read_flows()}
            known = sorted(
                f"{names[one.flow_id]}/{one.name}"
                for one in client.read_deployments()
                if one.flow_id in names
            )
            there = (
                f"It knows {', '.join(known)}."
                if known
                else "It knows none: python -m deployments.register creates them."
            )
            raise PlanError(
                f"the server at {get_api_address()} knows no deployment {name!r}. {there}"
            ) from error


DEFAULT_REMEDY = "Is it running (make dashboard), is PREFECT_API_URL right?"


@contextmanager
def translate_api_errors(remedy: str = DEFAULT_REMEDY) -> Iterator[None]:
    """What Prefect's server refuses, or its silence, as an error that its user can act on; other
    servers' errors stay as they are.
    """
    try:
        yield
    except httpx.UnsupportedProtocol as error:
        raise ServerError(
            f"PREFECT_API_URL={get_api_address()} is no address; it looks like"
            " http://HOST:4200/api."
        ) from error
    except httpx.HTTPStatusError as error:
        if not _is_api_request(error.request):
            raise
        raise ServerError(_describe_refusal(error.response.status_code)) from error
    except httpx.RequestError as error:
        if not _is_api_request(error.request):
            raise
        raise ServerError(
            f"Prefect's server at {get_api_address()} does not answer ({type(error).__name__})."
            f" {remedy} Then run the same command again: what was finished is kept."
        ) from error


def get_api_address() -> str:
    """PREFECT_API_URL, without a login that may stand in it."""
    return redact_login(os.environ.get("PREFECT_API_URL", ""))


def _is_api_request(request: httpx.Request) -> bool:
    host = httpx.URL(os.environ.get("PREFECT_API_URL", "")).host
    return request.url.host == host


def _describe_refusal(status: int) -> str:
    if status in (401, 403):
        return (
            f"Prefect's server at {get_api_address()} lets us not in ({status}): set"
            " PREFECT_API_AUTH_STRING to the user:password that the server was started with."
        )
    return (
        f"Prefect's server at {get_api_address()} answers {status}. Is PREFECT_API_URL right? It"
        " ends with /api."
    )
