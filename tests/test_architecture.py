"""The house stays as it is drawn: arrows between layers, thin glue, no file that shadows a library."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted([*ROOT.glob("tasks/**/*.py"), *ROOT.glob("flows/**/*.py")])
# Lists of fields, and of the DAG's stages: longer, and read entry by entry.
DECLARATIONS = {"plan_sections", "stages"}


def functions(path: Path) -> list[ast.FunctionDef]:
    return [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def get_body(function: ast.FunctionDef) -> list[ast.stmt]:
    return function.body[1:] if ast.get_docstring(function) else function.body


def count_lines(function: ast.FunctionDef) -> int:
    """Lines of code without signature and docstring."""
    body = get_body(function)
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def count_statements(function: ast.FunctionDef) -> int:
    """Statements at every depth: what there is to follow, however wide the lines are."""
    return sum(isinstance(n, ast.stmt) for part in get_body(function) for n in ast.walk(part))


def decorated_with(function: ast.FunctionDef, name: str) -> bool:
    return any(
        isinstance(d, ast.Call) and getattr(d.func, "id", "") == name
        for d in function.decorator_list
    )


def test_stages_hold_at_most_eight_statements_and_flows_seventeen():
    long = [
        f"{path.name}:{function.name} {count_statements(function)}"
        for path in CODE
        for function in functions(path)
        if (decorated_with(function, "stage") and count_statements(function) > 8)
        or (decorated_with(function, "flow") and count_statements(function) > 17)
    ]
    assert not long


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_fit_on_their_screen(path):
    """A formatter that puts one argument on a line makes calls tall, not hard: both are counted."""
    most = 570 if path.stem in DECLARATIONS else 360
    assert len(path.read_text("utf-8").splitlines()) <= most, "a file is one subject; split it"
    assert not [f"{f.name}: {count_lines(f)}" for f in functions(path) if count_lines(f) > 50]
    long = [f"{f.name}: {n}" for f in functions(path) if (n := count_statements(f)) > 26]
    assert not long


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
