"""`book2lora …` in the tests' own process: what it tells and its exit code, without the imports of a process of its own."""

import io
import sys
import warnings
from contextlib import redirect_stderr, redirect_stdout
from typing import NamedTuple

import pytest

from flows.cli import main as command


class CommandOutput(NamedTuple):
    """As `subprocess.run` tells it."""

    returncode: int
    stdout: str
    stderr: str


def call_command(*arguments: object, **environment: str) -> CommandOutput:
    """An error that the command does not translate into a sentence is raised here, too."""
    out, err = io.StringIO(), io.StringIO()
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(SystemExit) as ended,
        redirect_stdout(out),
        redirect_stderr(err),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", "Cyclopts application invoked without tokens")
        for name, value in environment.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["book2lora", *map(str, arguments)])
        patch.setattr(
            command, "stop_on_signals", lambda name: None
        )  # pytest's signals stay its own
        command.main()
    code = ended.value.code
    return CommandOutput(
        code if isinstance(code, int) else int(code is not None), out.getvalue(), err.getvalue()
    )
