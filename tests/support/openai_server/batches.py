"""The test server's files and batches: a batch is worked when it is looked at, and fails as the server was told to.

Faults: `batch_expired` and `batch_partial` (half of the requests come back), `batch_failed` (none, with a reason),
`batch_errors` (some lines answer 500); each meets a batch only the first time its requests are seen.
"""

import json
import re
from typing import TYPE_CHECKING, Any

from support.openai_server.fault_orders import SAID, compute_price

from flows.cli.demo.demo_items import hash_request
from flows.cli.demo.demo_readings import is_reading

if TYPE_CHECKING:
    from support.openai_server.server import OpenAIServer

LOOKS_UNTIL_DONE = 2  # looks at a batch before it is done


class BatchStore:
    """Uploaded files, batches, and how often each was looked at."""

    def __init__(self, server: "OpenAIServer") -> None:
        self.server = server
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.looks: dict[str, int] = {}
        self.spoilt: set[str] = set()

    def handle_request(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Any]:
        """One request to /files or /batches."""
        parts = path.strip("/").split("/")
        if path == "/files" and method == "POST":
            return 200, self.upload_file(headers["content-type"], body)
        if parts[0] == "files" and len(parts) == 3 and parts[1] in self.files:
            return 200, self.files[parts[1]]
        if path == "/batches" and method == "POST":
            return 200, self.create_batch(json.loads(body))
        if path == "/batches":
            return 200, {
                "object": "list",
                "data": list(self.batches.values())[::-1],
                "has_more": False,
            }
        if parts[0] == "batches" and parts[1] in self.batches:
            return 200, self.get_batch(parts[1])
        return 404, {
            "error": {
                "message": f"no {path}",
                "type": "invalid_request_error",
                "code": None,
                "param": None,
            }
        }

    def upload_file(self, content_type: str, body: bytes) -> dict[str, Any]:
        """A multipart form with one file."""
        boundary = b"--" + re.search("boundary=(.+)", content_type)[1].strip('"').encode()  # type: ignore[index]
        part = next(p for p in body.split(boundary) if b'name="file"' in p)
        content = part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        name = f"file-{len(self.files) + 1}"
        self.files[name] = content
        return {
            "id": name,
            "object": "file",
            "bytes": len(content),
            "created_at": 0,
            "filename": "f",
            "purpose": "batch",
            "status": "processed",
        }

    def create_batch(self, order: dict[str, Any]) -> dict[str, Any]:
        """A new batch, under way."""
        name = f"batch-{len(self.batches) + 1}"
        self.batches[name] = {
            "id": name,
            "object": "batch",
            "endpoint": order["endpoint"],
            "input_file_id": order["input_file_id"],
            "completion_window": order["completion_window"],
            "metadata": order.get("metadata"),
            "status": "validating",
            "created_at": 0,
            "output_file_id": None,
            "error_file_id": None,
            "errors": None,
        }
        self.server.log_request(batch=name, created=True)
        return self.batches[name]

    def get_batch(self, name: str) -> dict[str, Any]:
        """The batch as it stands now."""
        batch = self.batches[name]
        self.looks[name] = self.looks.get(name, 0) + 1
        if batch["status"] in ("validating", "in_progress"):
            batch["status"] = "in_progress"
            if self.looks[name] >= LOOKS_UNTIL_DONE:
                self.answer_lines(batch)
        return batch

    def answer_lines(self, batch: dict[str, Any]) -> None:
        """Answer the batch's lines."""
        lines = [
            json.loads(line) for line in self.files[batch["input_file_id"]].splitlines() if line
        ]
        fault = next((f for f in self.server.rates if f.startswith("batch_")), "")
        first = hash_request(sorted(line["custom_id"] for line in lines))
        fault = "" if first in self.spoilt or self.spoilt else fault
        if fault:
            self.spoilt.add(first)
        if fault == "batch_failed":
            error = {
                "code": "token_limit_exceeded",
                "message": "Enqueued token limit reached.",
                "line": None,
                "param": None,
            }
            batch |= {"status": "failed", "errors": {"object": "list", "data": [error]}}
            return
        done = lines[: len(lines) // 2] if fault in ("batch_expired", "batch_partial") else lines
        good = [line for i, line in enumerate(done) if not (fault == "batch_errors" and i % 3 == 0)]
        bad = [line for line in lines if line not in good]
        self.store_lines(batch, "output_file_id", [self.answer_line(line) for line in good])
        self.store_lines(batch, "error_file_id", [self.fail_line(line, fault) for line in bad])
        batch["status"] = "expired" if fault == "batch_expired" else "completed"

    def store_lines(self, batch: dict[str, Any], field: str, lines: list[dict[str, Any]]) -> None:
        """Lines as a new file; no lines, no file."""
        if lines:
            batch[field] = f"file-{len(self.files) + 1}"
            self.files[batch[field]] = "".join(
                json.dumps(line, ensure_ascii=False) + "\n" for line in lines
            ).encode()

    def answer_line(self, line: dict[str, Any]) -> dict[str, Any]:
        """One line's completion, billed at half the price."""
        key = hash_request(line["body"])
        fate = self.server.draw_fault(key, 0)
        body, usage = self.server.build_completion(line["body"], fate if fate in SAID else "")
        self.server.log_request(
            hash=key,
            batch=True,
            status=200,
            answered=True,
            fault=fate,
            usd=compute_price(usage, line["body"]["model"]) / 2,
            reads=is_reading(line["body"]),
            **usage,
        )
        return {
            "id": key,
            "custom_id": line["custom_id"],
            "response": {"status_code": 200, "request_id": "r", "body": body},
            "error": None,
        }

    def fail_line(self, line: dict[str, Any], fault: str) -> dict[str, Any]:
        """One line that was not answered."""
        if fault == "batch_errors":
            body = {
                "error": {
                    "message": "internal",
                    "type": "server_error",
                    "code": None,
                    "param": None,
                }
            }
            return {
                "id": "x",
                "custom_id": line["custom_id"],
                "response": {"status_code": 500, "request_id": "r", "body": body},
                "error": None,
            }
        error = {
            "code": "batch_expired",
            "message": "This request could not be executed before the completion window expired.",
        }
        return {"id": "x", "custom_id": line["custom_id"], "response": None, "error": error}
