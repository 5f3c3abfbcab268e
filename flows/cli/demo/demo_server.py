"""A server of OpenAI's chat completions on loopback that costs nothing and knows nothing: to
rehearse a study with the `gpt` writer before there is a key.
"""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Annotated, Any

from cyclopts import Parameter

from flows.cli.demo.demo_items import count_tokens, draw_items, extract_texts, hash_request
from flows.cli.demo.demo_readings import draw_readings, is_reading
from tasks.language.catalogue import tell_reader

MODELS = ("gpt-4o", "gpt-4o-mini")
# A request shows at most generation.shown_characters of text or some pages as PDF (some MB); more
# than this is refused before it is read.
MOST_BYTES = 64 * 2**20


def write_reply(request: dict[str, Any]) -> str:
    """JSON with the items or readings that are asked for; the answer to a probe of structured
    output.
    """
    if "colour" in str(request["messages"]):
        return '{"colour": "white"}'
    if is_reading(request):
        return json.dumps(draw_readings(request), ensure_ascii=False)
    return json.dumps({"items": draw_items(request)}, ensure_ascii=False)


def build_completion(request: dict[str, Any]) -> dict[str, Any]:
    """The completion object, with a usage that is counted from the texts."""
    reply = write_reply(request)
    prompt, written = count_tokens("".join(extract_texts(request))), count_tokens(reply)
    usage = {"prompt_tokens": prompt, "completion_tokens": written}
    message = {"role": "assistant", "content": reply}
    return {
        "id": "chatcmpl-" + hash_request(request),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": request.get("model", MODELS[0]),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage | {"total_tokens": prompt + written},
    }


COMMANDS = """\
  export OPENAI_BASE_URL={address} OPENAI_API_KEY=demo
  book2lora study exercise --set base.model=tiny"""


class DemoHandler(BaseHTTPRequestHandler):
    """`/v1/models` and `/v1/chat/completions`; all else is 404, what cannot be read is 400."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """The list of models."""
        known = [{"id": name, "object": "model", "owned_by": "book2lora"} for name in MODELS]
        if self.path.endswith("/models"):
            self._send(200, {"object": "list", "data": known})
        else:
            self._send_error(404, f"unknown address {self.path}")

    def do_POST(self) -> None:
        """A completion."""
        length = int(self.headers.get("Content-Length") or 0)
        if length > MOST_BYTES:
            self.close_connection = True
            self._send_error(413, f"{length} bytes, at most {MOST_BYTES}")
            return
        body = self.rfile.read(length)
        if not self.path.endswith("/chat/completions"):
            self._send_error(404, f"unknown address {self.path}")
            return
        try:
            answer = build_completion(json.loads(body))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            self._send_error(400, f"no chat completion: {type(error).__name__}: {error}")
            return
        self._send(200, answer)

    def log_message(self, format: str, *args: Any) -> None:
        """A line a request on standard error would drown the study's own lines."""

    def _send_error(self, status: int, message: str) -> None:
        self._send(status, {"error": {"message": message, "type": "invalid_request_error"}})

    def _send(self, status: int, tree: dict[str, Any]) -> None:
        content = json.dumps(tree, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def demo_server(
    *, port: Annotated[int, Parameter(help="where to listen; 0 takes a free one")] = 8000
) -> int:
    """Answer requests for items and readings on this machine, without a model: to rehearse
    the gpt writer without a key. Its items only complete sentences of the book.
    """
    with ThreadingHTTPServer(("127.0.0.1", port), DemoHandler) as server:
        address = f"http://127.0.0.1:{server.server_port}/v1"
        print(tell_reader("demo-listening"), COMMANDS.format(address=address), sep="\n", flush=True)
        server.serve_forever()
    return 0
