"""What a server may answer to a chat completion, as bytes on the wire: over a hundred kinds, most of them lies.

Each kind makes the whole HTTP response of the honest completion's text. Kinds whose status proves a
refusal are in REFUSALS; for every other one the model behind the server has written and is paid.
"""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

from support.openai_server.dialects import BODIES, WORDINGS, render_completion

Answer = Callable[[dict[str, Any]], bytes]

PAGE = b"<html><script>alert(1)</script>gateway</html>"
ESCAPES = "\x1b[2J\x1b]0;owned\x07"
MIB = 2**20


def write_response(
    body: bytes, *headers: str, status: str = "200 OK", length: str | None = None
) -> bytes:
    told = [f"Content-Length: {len(body) if length is None else length}", *headers]
    return (
        f"HTTP/1.1 {status}\r\n".encode()
        + "".join(f"{h}\r\n" for h in told).encode("latin-1")
        + b"\r\n"
        + body
    )


def answer_page(status: str) -> Answer:
    return lambda tree: write_response(PAGE, status=status)


def answer_body(
    body: bytes, *headers: str, status: str = "200 OK", length: str | None = None
) -> Answer:
    return lambda tree: write_response(body, *headers, status=status, length=length)


def answer_error(error: Any, status: str) -> Answer:
    return answer_body(json.dumps({"error": error}).encode(), status=status)


def change_tree(change: Callable[[dict[str, Any]], Any]) -> Answer:
    def answer(tree: dict[str, Any]) -> bytes:
        changed = json.loads(json.dumps(tree))
        change(changed)
        return write_response(json.dumps(changed).encode())

    return answer


def change_message(**parts: Any) -> Answer:
    return change_tree(lambda tree: tree["choices"][0]["message"].update(parts))


def change_text(change: Callable[[str], str]) -> Answer:
    return lambda tree: write_response(change(json.dumps(tree)).encode("utf-8", "surrogatepass"))


def add_headers(*headers: str) -> Answer:
    return lambda tree: write_response(json.dumps(tree).encode(), *headers)


def speak_dialect(name: str) -> Answer:
    return lambda tree: write_response(render_completion(tree, (name,)).encode("utf-8", "replace"))


def stream_lines(*lines: str) -> Answer:
    return answer_body("".join(f"{line}\n\n" for line in lines).encode())


PIECE = json.dumps({"choices": [{"delta": {"content": "x"}, "finish_reason": None}]})
STATUSES = (
    "201 Created", "202 Accepted", "203 Non-Authoritative", "204 No Content", "205 Reset", "206 Partial", "226 Used",
    "300 Choices", "304 Not Modified", "306 Unused", "402 Payment Required", "405 Not Allowed", "406 Not Acceptable",
    "408 Timeout", "409 Conflict", "410 Gone", "418 Teapot", "421 Misdirected", "423 Locked", "425 Too Early",
    "429 Too Many", "431 Headers", "451 Legal", "499 Closed", "500 Error", "502 Gateway", "503 Away", "504 Timeout",
    "508 Loop", "520 Unknown", "524 Timeout", "529 Overloaded", "599 Timeout", "999 Denied",
)  # fmt: skip
UNBILLED = {f"refused {status}" for status in (400, 401, 403, 404, 413, 422)}
REFUSALS = UNBILLED | {"error with odd parts", "error that is no JSON"}

LIES: dict[str, Answer] = {
    "honest": lambda tree: write_response(json.dumps(tree).encode()),
    **{f"status {status}": answer_page(status) for status in STATUSES},
    **{name: answer_error({"message": ESCAPES + "no"}, f"{name[-3:]} Refused") for name in sorted(UNBILLED)},
    **{f"wording {name}": speak_dialect(name) for name in (*WORDINGS, *BODIES, "stream")},
    # the wire
    "no status line": lambda tree: json.dumps(tree).encode(),
    "status of letters": lambda tree: write_response(json.dumps(tree).encode(), status="abc OK"),
    "HTTP/9.9": lambda tree: write_response(json.dumps(tree).encode()).replace(b"HTTP/1.1", b"HTTP/9.9", 1),
    "nothing at all": lambda tree: b"",
    "half a head": lambda tree: b"HTTP/1.1 200 OK\r\nContent-Le",
    "two answers": lambda tree: write_response(json.dumps(tree).encode()) * 2,
    "early hints first": lambda tree: b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\n" + write_response(json.dumps(tree).encode()),
    "other protocol": answer_body(b"", "Upgrade: websocket", status="101 Switching"),
    "longer than it is": answer_body(b"{}", length="100000"),
    "shorter than it is": lambda tree: write_response(json.dumps(tree).encode(), length="10"),
    "negative length": answer_body(b"{}", length="-1"),
    "length of 400 digits": answer_body(b"{}", length="9" * 400),
    "two lengths": answer_body(b"{}", "Content-Length: 7"),
    "length and chunks": answer_body(b"{}", "Transfer-Encoding: chunked"),
    "chunk of no size": lambda tree: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n{}\r\n",
    "chunk of 400 digits": lambda tree: b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 400 + b"\r\n{}\r\n",
    "4,000 headers": add_headers(*[f"X-{i}: {i}" for i in range(4000)]),
    "header of 1 MB": add_headers("X-Long: " + "x" * MIB),
    "header with escapes": add_headers(f"x-request-id: {ESCAPES[1:4]}", "X: \xff\xfe"),
    "header without a name": add_headers(": nothing"),
    "cookies": add_headers(*["Set-Cookie: a=b; Domain=.com"] * 50),
    "limits of 400 digits": add_headers("x-ratelimit-remaining-requests: " + "9" * 400, "x-ratelimit-reset-requests: 1e400s"),
    "limits of letters": add_headers("x-ratelimit-remaining-requests: many", "x-ratelimit-remaining-tokens: -1"),
    "wait of the year 10^20": answer_body(PAGE, "Retry-After: " + "9" * 20, status="503 Away"),
    "wait until 99999": answer_body(PAGE, "Retry-After: Wed, 21 Oct 99999 07:28:00 GMT", status="429 Busy"),
    "wait of minus five": answer_body(PAGE, "Retry-After: -5", "retry-after-ms: nan", status="503 Away"),
    "other type": add_headers("Content-Type: text/html; charset=utf-7"),
    "character set that is none": add_headers("Content-Type: application/json; charset=no-such"),
    # packing
    "packed by its word only": add_headers("Content-Encoding: gzip"),
    "packed in brotli": add_headers("Content-Encoding: br"),
    "packed twice": lambda tree: write_response(gzip.compress(gzip.compress(json.dumps(tree).encode())), "Content-Encoding: gzip, gzip"),
    "packed and cut": lambda tree: write_response(gzip.compress(json.dumps(tree).encode())[:-9], "Content-Encoding: gzip"),
    "packed zeros": answer_body(zlib.compress(bytes(64 * MIB)), "Content-Encoding: deflate"),
    # where it leads
    "leads to a file": answer_body(b"", "Location: file:///etc/passwd", status="307 Away"),
    "leads to another host": answer_body(b"", "Location: http://127.0.0.2:9/v1", status="308 Away"),
    "leads nowhere": answer_body(b"", "Location: ", status="302 Away"),
    "leads to itself": answer_body(b"", "Location: /v1/chat/completions", status="307 Away"),
    "leads to no address": answer_body(b"", "Location: http://[::1", status="301 Away"),
    # the body's bytes
    "byte order mark": lambda tree: write_response(b"\xef\xbb\xbf" + json.dumps(tree).encode()),
    "UTF-16": lambda tree: write_response(json.dumps(tree).encode("utf-16")),
    "bytes that are no text": answer_body(b"\xff\xfe\xfa" * 1000),
    "zeros": answer_body(bytes(1000)),
    "blanks for 8 MiB": lambda tree: write_response(b" " * (8 * MIB) + json.dumps(tree).encode()),
    "a second document": change_text(lambda text: text + text),
    "junk behind": change_text(lambda text: text + "</html>"),
    "a number": answer_body(b"17"),
    "true": answer_body(b"true"),
    "a string": answer_body(b'"choices"'),
    "a number of 5,000 digits": answer_body(b'{"choices": ' + b"9" * 5000 + b"}"),
    "endless numbers": change_text(lambda text: text.replace('"created": 0', '"created": 1e999, "x": NaN')),
    "each key twice": change_text(lambda text: text[:-1] + ', "choices": null}'),
    "deep within": change_text(lambda text: text[:-1] + ', "x": ' + "[" * 100_000 + "]" * 100_000 + "}"),
    "deep under 201": answer_body(b"[" * 200_000, status="201 Created"),
    "a million lists": answer_body(b'{"choices": [' + b"[]," * MIB + b"[]]}"),
    # the completion's parts
    "choices as object": change_tree(lambda tree: tree.update(choices={"0": tree["choices"][0]})),
    "choices of nothing": change_tree(lambda tree: tree.update(choices=[None])),
    "choices of words": change_tree(lambda tree: tree.update(choices=["text"])),
    "10,000 choices": change_tree(lambda tree: tree.update(choices=tree["choices"] * 10_000)),
    "message of words": change_tree(lambda tree: tree["choices"][0].update(message="text")),
    "message as list": change_tree(lambda tree: tree["choices"][0].update(message=[1])),
    "end as list": change_tree(lambda tree: tree["choices"][0].update(finish_reason=[[]])),
    "end of 1 MB": change_tree(lambda tree: tree["choices"][0].update(finish_reason="stop" * MIB)),
    "content as number": change_message(content=10**300),
    "content as object": change_message(content={"text": "x"}),
    "content of numbers": change_message(content=[1, None, {"text": 3}]),
    "content of 5 MB": change_message(content="word " * MIB),
    "content with escapes": change_message(content=ESCAPES),
    "content of half characters": change_message(content="\ud800" * 1000),
    "refusal as object": change_message(content=None, refusal={"why": ESCAPES}),
    "thoughts of 4 MB": change_message(reasoning_content="hm " * MIB),
    "tool with a name of 1 MB": change_message(content=None, tool_calls=[{"function": {"name": "x" * MIB}}]),
    "usage as object of lists": change_tree(lambda tree: tree.update(usage={"prompt_tokens": [1], "completion_tokens": {}})),
    "usage of fractions": change_tree(lambda tree: tree.update(usage={"prompt_tokens": 0.5, "completion_tokens": -0.0})),
    "more cached than asked": change_tree(lambda tree: tree["usage"].update(prompt_tokens_details={"cached_tokens": 10**12})),
    "cached as words": change_tree(lambda tree: tree["usage"].update(prompt_tokens_details="all")),
    # the items within
    "items of depth 10,000": change_message(content='{"items": ' + "[" * 10_000),
    "100,000 empty items": change_message(content='{"items": [' + "{}," * 100_000 + "{}]}"),
    "item of numbers": change_message(content='{"items": [{"fact": 1, "symptom": 2, "diagnosis": [], "page": "x", "quote": null}]}'),
    "item of 5,000 digits": change_message(content='{"items": [{"page": ' + "9" * 5000 + "}]}"),
    "items that are none": change_message(content='{"items": {"a": 1}}'),
    # errors
    "error under 200": answer_error({"code": 429, "message": ESCAPES}, "200 OK"),
    "error as list": answer_error([[1]], "500 Error"),
    "error of 8 MB": answer_error({"message": "x" * 8 * MIB}, "500 Error"),
    "error with odd parts": answer_error({"code": {"a": 1}, "type": [2], "param": {"b": 3}, "message": None}, "400 Bad"),
    "error that is no JSON": answer_body(b'{"error": ', status="400 Bad"),
    "error code of 400 digits": answer_body(b'{"error": {"code": ' + b"9" * 400 + b"}}"),
    "a rate limit in words only": answer_body(b"slow down", status="429 Busy"),
    # streams that nobody asked for
    "stream without an end": stream_lines(*[f"data: {PIECE}"] * 20),
    "stream of broken pieces": stream_lines("data: {", "data: [DONE]"),
    "stream of 50,000 remarks": stream_lines(*[": ping"] * 50_000),
    "stream of nothing": stream_lines("data: [DONE]"),
    "stream of lists": stream_lines("data: [1]", "data: [DONE]"),
    "stream with an error": stream_lines('data: {"error": {"message": "lost"}}', "data: [DONE]"),
}  # fmt: skip
