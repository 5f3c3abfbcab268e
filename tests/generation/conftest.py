"""What the tests of the writer and of the second reader share."""

import pytest


@pytest.fixture
def to(monkeypatch):
    """Point the product to a test's server."""

    def point(server):
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test-0123456789")
        return server

    return point
