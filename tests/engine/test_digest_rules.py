"""What the digest of sources and a stage's key cover, over a package of a few lines; the product's own is in test_source_digest.py."""

import hashlib
import json
from functools import cache
from pathlib import Path

import pytest

from tasks.engine import source_digest
from tasks.engine.cache_key import canonical_value, compute_stage_key
from tasks.engine.source_digest import digest_function, digest_modules, reachable_modules
from tasks.schemas.digest import compute_digest
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Figure, Points

FILES = {
    "__init__.py": "",
    "a/__init__.py": "",
    "a/one.py": "from tasks.a import two\nimport tasks.b.three\nimport os.path\nfrom . import two\n",
    "a/two.py": (
        "def f():\n    from tasks.b.four import thing\n"
        'PROCESS = "tasks.b.worker"\nTEXT = "as tasks.b.told says"\nAWAY = "tasks.b.nowhere"\n'
        'WORDS = "packs/exam.yaml"\n'
    ),
    "a/data.yaml": "ا: 1\n",
    "a/templates/page.html": "<p>\n",
    "a/notes.md": "notes\n",
    "a/__pycache__/old.json": "{}\n",
    "a/packs/words.yaml": "c: 1\n",
    "a/sub/__init__.py": "",
    "a/sub/data.yaml": "b: 1\n",
    "b/__init__.py": "",
    "b/three.py": "import tasks.a.one\n",  # a circle
    "b/four.py": "from tasks.store.paths import x\nimport tasks.engine.report_inputs\n",
    "b/worker.py": "import tasks.storeroom\n",
    "b/told.py": "",
    "language/packs/fa/exam.yaml": "d: 1\n",
    "language/packs/fa/gate.yaml": "e: 1\n",
    "store/__init__.py": "",
    "store/paths.py": "import tasks.b.told\n",
    "storeroom.py": "",
    "engine/__init__.py": "",
    "engine/report_inputs.py": "",
}
REACHED = {"a", "a.two", "a.one", "b", "b.three", "b.four", "b.worker"} | {
    "engine.report_inputs",
    "storeroom",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    root = tmp_path / "tasks"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    monkeypatch.setattr(source_digest, "PACKAGE", root)
    forget()
    yield root
    forget()


@cache  # a stage is decorated, too
def one():
    from tasks.b.told import x  # noqa: F401


@cache
def follower():
    import tasks.a.one  # noqa: F401


@cache
def other():
    return "tasks.b.told"


def forget() -> None:
    for kept in vars(source_digest).values():
        if hasattr(kept, "cache_clear") and kept is not cache:
            kept.cache_clear()


def digest(*names: str, follow: bool = True) -> str:
    forget()
    return digest_modules(names, follow=follow)


def test_a_module_reaches_what_it_imports_in_any_way_and_what_it_runs_but_not_what_only_stores(
    package,
):
    wanted = {f"tasks.{name}" for name in REACHED} - {"tasks.b"}
    assert reachable_modules({"tasks.a.one"}) == wanted
    assert reachable_modules({"tasks.store.paths"}) == set()
    assert reachable_modules({"tasks.engine.report_inputs"}) == {"tasks.engine.report_inputs"}


@pytest.mark.parametrize(
    ("file", "counts"),
    [
        ("a/one.py", True),
        ("b/worker.py", True),
        ("storeroom.py", True),
        ("a/data.yaml", True),
        ("a/templates/page.html", True),
        ("b/told.py", False),
        ("store/paths.py", False),
        ("a/notes.md", False),
        ("a/__pycache__/old.json", False),
        ("a/sub/data.yaml", False),
        ("a/packs/words.yaml", False),
        ("language/packs/fa/exam.yaml", True),
        ("language/packs/fa/gate.yaml", False),
    ],
)
def test_a_changed_file_changes_the_digest_where_it_is_reached_or_lies_beside_as_data(
    package, file, counts
):
    before = digest("tasks.a.one")
    (package / file).write_bytes((package / file).read_bytes() + b"#\n")
    assert (digest("tasks.a.one") != before) is counts


def test_the_digest_of_named_modules_is_that_of_their_names_and_contents_alone(package):
    def content(file: str) -> str:
        return f"{file} {hashlib.sha256((package / file).read_bytes()).hexdigest()}"

    told = "\n".join([content("a/one.py"), content("b/__init__.py")])
    wanted = hashlib.sha256(told.encode()).hexdigest()[:16]
    assert digest("tasks.b", "tasks.a.one", "tasks.b", follow=False) == wanted
    (package / "a" / "data.yaml").write_text("a: 2\n")
    (package / "a" / "two.py").write_text("")
    assert digest("tasks.b", "tasks.a.one", follow=False) == wanted


def test_a_followed_digest_is_that_of_the_modules_and_then_of_their_data(package):
    (package / "a" / "one.py").write_text("")
    files = ["a/one.py", "a/data.yaml", "a/templates/page.html"]
    told = "\n".join(f"{f} {hashlib.sha256((package / f).read_bytes()).hexdigest()}" for f in files)
    assert digest("tasks.a.one") == hashlib.sha256(told.encode()).hexdigest()[:16]


def test_a_function_s_digest_is_that_of_its_source_and_of_what_it_imports(package):
    before = digest_function(one)
    assert before == digest_function(one) != digest_function(other)
    (package / "b" / "told.py").write_text("x = 1\n")
    forget()
    assert digest_function(one) != before
    third = digest_function(follower)
    (package / "b" / "worker.py").write_text("x = 1\n")
    forget()
    assert digest_function(follower) != third, "what it imports imports this"
    source = '@cache\ndef other():\n    return "tasks.b.told"\n'
    told = f"{source}\n{digest('tasks.b.told')}"
    assert digest_function(other) == hashlib.sha256(told.encode()).hexdigest()[:16]


def test_a_key_is_the_stage_its_version_and_twenty_digits_of_its_inputs_as_json():
    inputs = {"book": Path("کتاب/b.pdf"), "share": 0.5, "whole": 32.0, "machine": Machine()}
    inputs |= {"none": None, "names": ("b", "a"), "kept": {2: True, 1: {"x"}}}
    told = {
        "book": "کتاب/b.pdf",
        "share": 0.5,
        "whole": 32,
        "none": None,
        "names": ["b", "a"],
        "kept": {"1": ["x"], "2": True},
    }
    text = json.dumps(told, sort_keys=True, ensure_ascii=False)
    wanted = hashlib.sha256(text.encode()).hexdigest()[:20]
    assert compute_stage_key("stage", 7, inputs) == f"stage/v7-{wanted}"


def test_a_typed_number_is_its_kind_and_its_values():
    """Points(0.02) is no Share(0.02)."""
    assert canonical_value([Points(0.5), Figure(2.0, 3)]) == [["Points", 0.5], ["Figure", 2, 3]]


def test_what_is_no_data_is_refused_by_the_name_of_its_kind():
    with pytest.raises(TypeError, match=r"^a object cannot be part of a cache key$"):
        canonical_value({"a": [object()]})


def test_a_content_s_digest_is_the_first_sixteen_digits_of_sha_256():
    assert compute_digest(b"abc") == "ba7816bf8f01cfea"
