"""Who may use the page: a token or a password once, then a signed cookie; and what each person's
browser session holds, which nobody else's can read.
"""

import asyncio
import hashlib
import hmac
import os
import secrets
from collections import OrderedDict
from dataclasses import dataclass, field

from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.app.rendering import render_login
from tasks.engine.orchestration.server_login import BYTES, keep_secret
from tasks.store.paths import make_private_dir

PASSWORD_VARIABLE = "BOOK2LORA_APP_PASSWORD"
WRITER_VARIABLES = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
MOST_SESSIONS = 200  # kept in memory; the least recently used goes, and with it a key at most
GUESS_SECONDS = 1.0  # a wrong secret waits; all wait for one another, so guesses are one a second
OPEN_PATHS = ("/login", "/static/")
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer, forms would send the origin "null"
    "Cache-Control": "no-store",
}


@dataclass
class PersonSession:
    """What one browser's visit holds, in memory alone."""

    id: str
    writer: dict[str, str] = field(default_factory=dict, repr=False)  # by environment variable

    def build_environment(self) -> dict[str, str]:
        """What a command of this person runs with. A person's own server never gets the key that
        this process was started with.
        """
        own = dict(os.environ)
        if self.writer:
            own = {name: value for name, value in own.items() if name not in WRITER_VARIABLES}
        return own | self.writer


def load_token() -> str:
    """The token of this store's page, made at the first start; only its owner can read it, and the
    same address works after a restart.
    """
    return keep_secret(make_private_dir("app") / "token", secrets.token_urlsafe(BYTES))


class SessionKeeper:
    """Signs cookies, and keeps what sessions hold."""

    def __init__(self, secret: str, port: int) -> None:
        self._secret = secret.encode()
        self._key = hashlib.sha256(b"book2lora app session\0" + self._secret).digest()
        self.cookie = f"book2lora-{port}"  # cookies know no port
        self._sessions: OrderedDict[str, PersonSession] = OrderedDict()
        self._guessing = asyncio.Lock()

    async def is_secret(self, offered: str) -> bool:
        """Whether this is the token or the password."""
        async with self._guessing:
            if hmac.compare_digest(offered.encode(), self._secret):
                return True
            await asyncio.sleep(GUESS_SECONDS)
            return False

    def sign_new_session(self) -> str:
        """A cookie's value for a new session."""
        identity = secrets.token_urlsafe(BYTES)
        return f"{identity}.{self._sign(identity)}"

    def find_session(self, cookie: str) -> PersonSession | None:
        """The session of a cookie that we signed, also before a restart: then it holds nothing."""
        identity, _, signature = cookie.rpartition(".")
        if not identity or not hmac.compare_digest(
            signature.encode(), self._sign(identity).encode()
        ):
            return None
        session = self._sessions.setdefault(identity, PersonSession(identity))
        self._sessions.move_to_end(identity)
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def set_cookie(self, response: Response, scheme: str) -> None:
        """Open a session with a response."""
        value, is_secure = self.sign_new_session(), scheme == "https"
        response.set_cookie(self.cookie, value, httponly=True, samesite="strict", secure=is_secure)

    def _sign(self, identity: str) -> str:
        return hmac.new(self._key, identity.encode(), hashlib.sha256).hexdigest()


class SignedInOnly:
    """Lets nobody pass without a session, and gives each answer its headers."""

    def __init__(self, app: ASGIApp, keeper: SessionKeeper) -> None:
        self.app, self.keeper = app, keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.lower().encode(), value.encode())
                        for name, value in HEADERS.items()
                        if name.lower().encode() not in own
                    ),
                ]
            await send(message)

        answer = await self._admit(scope)
        await (answer or self.app)(scope, receive, send_with_headers)

    async def _admit(self, scope: Scope) -> Response | None:
        """The answer to who may not pass, or who comes with the token."""
        asked = HTTPConnection(scope)
        if asked.url.path.startswith(OPEN_PATHS):
            return None
        if token := asked.query_params.get("token"):
            if await self.keeper.is_secret(token):
                welcome = RedirectResponse(asked.url.path, 303)
                self.keeper.set_cookie(welcome, asked.url.scheme)
                return welcome
            return render_login(asked, is_wrong=True)
        session = self.keeper.find_session(asked.cookies.get(self.keeper.cookie, ""))
        if session is None:
            return render_login(asked)
        scope.setdefault("state", {})["session"] = session
        return None
