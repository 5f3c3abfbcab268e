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
from tasks.schemas.messages import Message, Ordinal, build_message
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
            raise ServerError(build_message("no-prefect-api", address=get_api_address())) from error


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
                build_message("deployments-known", known=tuple(known))
                if known
                else build_message("no-deployments")
            )
            raise PlanError(
                build_message(
                    "no-such-deployment", address=get_api_address(), name=repr(name), there=there
                )
            ) from error


DEFAULT_REMEDY = build_message("is-server-running")


@contextmanager
def translate_api_errors(remedy: Message = DEFAULT_REMEDY) -> Iterator[None]:
    """What Prefect's server refuses, or its silence, as an error that its user can act on; other
    servers' errors stay as they are.
    """
    try:
        yield
    except httpx.UnsupportedProtocol as error:
        raise ServerError(build_message("api-address-wrong", address=get_api_address())) from error
    except httpx.HTTPStatusError as error:
        if not _is_api_request(error.request):
            raise
        raise ServerError(_describe_refusal(error.response.status_code)) from error
    except httpx.RequestError as error:
        if not _is_api_request(error.request):
            raise
        raise ServerError(
            build_message(
                "prefect-away", address=get_api_address(), kind=type(error).__name__, remedy=remedy
            )
        ) from error


def get_api_address() -> str:
    """PREFECT_API_URL, without a login that may stand in it."""
    return redact_login(os.environ.get("PREFECT_API_URL", ""))


def _is_api_request(request: httpx.Request) -> bool:
    host = httpx.URL(os.environ.get("PREFECT_API_URL", "")).host
    return request.url.host == host


def _describe_refusal(status: int) -> Message:
    if status in (401, 403):
        return build_message("prefect-login", address=get_api_address(), status=Ordinal(status))
    return build_message("prefect-refuses", address=get_api_address(), status=Ordinal(status))
