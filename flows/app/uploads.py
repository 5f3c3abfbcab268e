"""What a browser sends: forms and books, bounded before they are read; a book is kept by its
content, under the letters and digits of its name, which is never a path.

app/books/<digest>/<name>.pdf
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from tasks.schemas.errors import PlanError
from tasks.schemas.messages import build_message
from tasks.store.paths import make_private_dir, write_atomically

MEBIBYTE = 2**20  # bytes
# A page of our handbook at 300 dots an inch in grey JPEG is 248 kB, so this is a scan of 1,000.
MOST_BOOK_BYTES = 256 * MEBIBYTE
MOST_FORM_BYTES = MEBIBYTE  # a whole plan with its 80 choices is 12 kB
MOST_FIELDS = 400
HEAD_BYTES = 1024  # a PDF says that it is one within them (ISO 32000, annex H)
MOST_TITLE = 60  # letters of a study's name that come from the file's

Handler = Callable[[Request, FormData], Response]


def take_form(
    handle: Handler, most_bytes: int = MOST_FORM_BYTES
) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads a form of at most so many bytes, and hands it on in a thread. Raises
    PlanError for a larger one.
    """

    async def endpoint(asked: Request) -> Response:
        bounded = bound_request(asked, most_bytes)
        async with bounded.form(max_files=1, max_fields=MOST_FIELDS) as form:
            return await run_in_threadpool(handle, asked, form)

    return endpoint


def bound_request(asked: Request, most_bytes: int) -> Request:
    """The same request; reading more than so many bytes of it raises PlanError."""
    told = asked.headers.get("content-length", "0")
    is_told_large = told.isdecimal() and int(told) > most_bytes
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await asked.receive()
        seen += len(message.get("body", b""))
        if seen > most_bytes or is_told_large:
            raise PlanError(build_message("upload-too-large", most=most_bytes // MEBIBYTE))
        return message

    return Request(asked.scope, receive)


def keep_book(upload: UploadFile) -> Path:
    """The book in the store, in a folder of its content's digest. Raises PlanError for what is no
    PDF.
    """
    if b"%PDF-" not in upload.file.read(HEAD_BYTES):
        raise PlanError(build_message("upload-not-pdf"))
    digest = _digest(upload.file)
    name = f"{name_study(upload.filename or '')}.pdf"
    place = make_private_dir("app") / "books" / digest / name
    if not place.is_file():
        upload.file.seek(0)
        write_atomically(place, upload.file.read())
    return place


def _digest(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()[:16]  # type: ignore[arg-type]


def name_study(file_name: str) -> str:
    """A study's name from a file's: its letters and digits, of whatever script."""
    stem = re.split(r"[/\\]", file_name)[-1].rsplit(".", 1)[0]
    return re.sub(r"[^\w-]+", "-", stem)[:MOST_TITLE].strip("-_.") or "book"
