"""The house stays as it is drawn: arrows between layers, thin glue, no file that shadows a library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted([*ROOT.glob("tasks/**/*.py"), *ROOT.glob("flows/*.py")])
DECLARATIONS = {
    "records",
    "plan",
}  # lists of fields and their sentences; longer, and read field by field


def functions(path: Path) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def body_lines(function: ast.FunctionDef) -> int:
    """Lines of code without signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def decorated_with(function: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(d, ast.Call) and getattr(d.func, "id", "") == name
        for d in function.decorator_list
    )


def test_task_bodies_are_at_most_eight_lines_and_flow_bodies_fifteen():
    long = [
        f"{path.name}:{function.name} {body_lines(function)}"
        for path in CODE
        for function in functions(path)
        if (decorated_with(function, "stage") and body_lines(function) > 8)
        or (decorated_with(function, "flow") and body_lines(function) > 15)
    ]
    assert not long


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_fit_on_their_screen(path):
    most = 320 if path.stem in DECLARATIONS else 280
    assert len(path.read_text("utf-8").splitlines()) <= most, "a file is one subject; split it"
    assert not [f"{f.name}: {body_lines(f)}" for f in functions(path) if body_lines(f) > 40]


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_file_says_what_it_is_for(path):
    text = path.read_text("utf-8")
    assert not text.strip() or ast.get_docstring(ast.parse(text)), f"{path} has no docstring"


def test_no_file_in_flows_shadows_a_library():
    """Prefect puts flows/ first on sys.path: flows/datasets.py would hide the library."""
    own = {path.stem for path in (ROOT / "flows").glob("*.py")} - {"__init__"}
    code = f"import importlib.util, sys; sys.path = [p for p in sys.path if p]; print([n for n in {sorted(own)!r} if importlib.util.find_spec(n)])"
    found = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_help_needs_neither_torch_nor_prefect():
    code = (
        "import sys\nfrom flows.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "print('LOADED', {'torch', 'prefect', 'transformers', 'openai'} & sys.modules.keys())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert "LOADED set()" in found.stdout


def test_layers_hold():
    found = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as c; c()",
            "--no-logo",
            "--no-cache",
        ],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert found.returncode == 0, found.stdout
