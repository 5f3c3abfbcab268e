"""A study's models: to talk to, and to take away."""

import tempfile
import zipfile
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from flows.app.rendering import render
from flows.app.routes.page_requests import get_words, go_to, is_part
from flows.app.routes.result_pages import find_run
from flows.app.uploads import take_form
from flows.cli.export_adapter import find_study_folder, merge_study, read_base_path
from tasks.schemas.errors import MissingArtifact
from tasks.schemas.messages import build_message
from tasks.store.paths import make_private_dir

FOLDERS = ("adapter", "dataset", "lm-eval")  # of a study, given away as archives
FILES = ("next-plan.yaml", "report.md", "verdict.json", "training.jsonl")


def ask_models(asked: Request, form: FormData) -> Response:
    """Begin to answer a question; the page asks for the words as they come."""
    folder = find_study_folder(str(find_run(asked).folder))
    question, is_open = str(form.get("question", "")), form.get("open_book") == "on"
    reply = asked.app.state.conversations.ask(folder, question, open_book=is_open)
    if not is_part(asked):
        return go_to(f"/studies/{folder.name}/talk/{reply.id}")
    return render(asked, "parts/reply.html", reply=reply, fault=[])


def show_reply(asked: Request) -> Response:
    """What is said by now. Raises MissingArtifact for an answer that is no longer kept."""
    reply = asked.app.state.conversations.find_reply(asked.path_params["reply"])
    if reply is None or reply.study != find_run(asked).folder.name:
        raise MissingArtifact(build_message("reply-gone"))
    fault = [get_words(asked).format_value(part) for part in reply.fault]
    template = "parts/reply.html" if is_part(asked) else "reply.html"
    return render(asked, template, reply=reply, fault=fault)


def give_file(asked: Request) -> Response:
    """A file or a folder of the study. Raises MissingArtifact where it has none of that name."""
    folder, wanted = find_run(asked).folder, asked.path_params["file"]
    if wanted in FILES and (folder / wanted).is_file():
        return FileResponse(folder / wanted, filename=f"{folder.name}-{wanted}")
    stem = wanted.removesuffix(".zip")
    if stem in FOLDERS and (folder / stem).is_dir():
        return _give_once(pack_folder(folder / stem), f"{folder.name}-{wanted}")
    raise MissingArtifact(build_message("no-such-file-of-study", file=wanted))


def give_gguf(asked: Request, form: FormData) -> Response:
    """Base and adapter as one GGUF file, made now. Raises PlanError for a base that has no such
    form.
    """
    folder = find_study_folder(str(find_run(asked).folder))
    scratch = Path(tempfile.mkdtemp(prefix=".part-", dir=make_private_dir("app")))
    made = scratch / f"{folder.name}.gguf"
    merge_study(folder, read_base_path(folder), None, made)
    return _give_once(made, made.name)


def pack_folder(folder: Path) -> Path:
    """An archive of the folder's files, in a place of its own."""
    scratch = Path(tempfile.mkdtemp(prefix=".part-", dir=make_private_dir("app")))
    place = scratch / f"{folder.name}.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            archive.write(file, file.relative_to(folder.parent))
    return place


def _give_once(file: Path, name: str) -> Response:
    """The file, which goes with its folder once it is sent; what a kill leaves behind is a leftover
    that `book2lora store` knows.
    """

    def clean() -> None:
        for path in file.parent.iterdir():
            path.unlink()
        file.parent.rmdir()

    return FileResponse(file, filename=name, background=BackgroundTask(clean))


ROUTES = [
    Route("/studies/{name}/talk", take_form(ask_models), methods=["POST"]),
    Route("/studies/{name}/talk/{reply}", show_reply),
    Route("/studies/{name}/files/{file}", give_file),
    Route("/studies/{name}/gguf", take_form(give_gguf), methods=["POST"]),
]
