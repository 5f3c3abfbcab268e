"""An S3-compatible server on loopback (moto's), and two machines that share a bucket of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest


@contextmanager
def serve_bucket(patch: pytest.MonkeyPatch) -> Iterator[str]:
    """The URL of a fresh bucket; keys and address are in the environment, as they would be."""
    reason = "needs the packages of the dev extra: s3fs, moto[s3], flask, flask-cors"
    server_module = pytest.importorskip("moto.server", reason=reason)
    s3fs = pytest.importorskip("s3fs", reason=reason)
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for key, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        patch.setenv(key, value)
    try:
        s3fs.S3FileSystem.clear_instance_cache()
        name = f"studies-{uuid4().hex[:8]}"  # moto keeps one memory for all its servers
        s3fs.S3FileSystem().mkdir(name)
        yield f"s3://{name}/team"
    finally:
        server.stop()
