"""Talk to a study's two models: the base's and the tuned one's answer, side by side."""

import signal
import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from flows.cli.arguments import parse_machine
from flows.cli.export_adapter import find_study_folder
from tasks.language.catalogue import load_catalogue, tell_reader
from tasks.language.reader_language import get_reader_language
from tasks.reporting.sanitize import mark_control_characters
from tasks.schemas.messages import Ordinal

if TYPE_CHECKING:
    from flows.cli.answer_stream import ModelPair

SHOWN_PASSAGES = 2  # of about 60 tokens in our handbooks: a small model reads no more with gain
# zero wide; a terminal that puts Persian into order then leaves each column in its place
LEFT_TO_RIGHT_MARK = "\u200e"


def chat(
    study: Annotated[
        str, Parameter(help="name of a study, or its folder; default: the newest")
    ] = "latest",
    /,
    *,
    ask: Annotated[
        str | None, Parameter(help="one question; both answers are printed, then it ends")
    ] = None,
    open_book: Annotated[
        bool, Parameter(help="show both models the best passages of the book", negative="")
    ] = False,
    taught: Annotated[
        bool,
        Parameter(
            help="ask in the form of the training texts even where the model has a chat template",
            negative="",
        ),
    ] = False,
    tokens: Annotated[int, Parameter(help="most tokens of an answer")] = 120,
    base: Annotated[
        str | None, Parameter(help="where the base model is, if it was moved since")
    ] = None,
    machine: Annotated[
        list[str],
        Parameter(name="--machine", help="device=cuda, …", negative="", consume_multiple=False),
    ] = [],
) -> int:
    """Ask base and tuned model of a study the same, and read their answers side by side."""
    folder, how = find_study_folder(study), parse_machine(machine)
    _leave_signals_to_python()
    from flows.cli.answer_stream import load_model_pair

    try:
        pair = load_model_pair(folder, base, how)
        console = Console(highlight=False)
        if ask is not None:
            answer(pair, ask, console, tokens, taught=taught, open_book=open_book)
            return 0
        while question := console.input("\n> ").strip():
            answer(pair, question, console, tokens, taught=taught, open_book=open_book)
    except EOFError:
        pass
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
    return 0


def _leave_signals_to_python() -> None:
    """Nothing is kept that a stop could hurt, and the terminal wants its cursor back."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def answer(
    pair: "ModelPair",
    question: str,
    console: Console,
    tokens: int,
    *,
    taught: bool = False,
    open_book: bool = False,
) -> None:
    """Both answers to one question, the base's first."""
    from flows.cli.answer_stream import build_prompt, find_passages, stream_reply

    passages = find_passages(pair, question, SHOWN_PASSAGES) if open_book else []
    for passage in passages:
        text = mark_control_characters(passage.text)
        told = tell_reader("shown-passage", page=Ordinal(passage.page), text=text)
        console.print(Text(told, "dim"))
    prompt = build_prompt(pair, question, passages, taught)
    said = {"base": "", "tuned": ""}
    with Live(console=console, auto_refresh=False) as live:
        for name, loaded in (("base", pair.base), ("tuned", pair.tuned)):

            def tell(words: str, name: str = name) -> None:
                said[name] += words
                if console.is_terminal:
                    live.update(lay_out_answers(said, console), refresh=True)

            stream_reply(loaded, prompt, tokens, tell)
        live.update(lay_out_answers(said, console))
    if not console.is_terminal:
        console.line()  # rich ends its last picture without one there


def lay_out_answers(said: dict[str, str], console: Console) -> Table | Text:
    """Two columns on a terminal; elsewhere one answer under the other, for other programs."""
    shown = {name: mark_control_characters(text.strip()) for name, text in said.items()}
    if not console.is_terminal:
        return Text("\n".join(f"{name}: {text}" for name, text in shown.items()))
    table, words = Table(expand=True), load_catalogue(get_reader_language())
    for name in shown:
        table.add_column(str(words[name]), ratio=1)
    table.add_row(*(lay_out_text(text, console) for text in shown.values()))
    return table


def lay_out_text(text: str, console: Console) -> Text:
    """The text for a column of half the screen; Persian to the right, each line between marks that
    keep it in its column.
    """
    import unicodedata

    kinds = [unicodedata.bidirectional(letter) for letter in text]
    if next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") == "L":
        return Text(text)
    lines = Text(text).wrap(console, console.width // 2 - 4)
    marked = (f"{LEFT_TO_RIGHT_MARK}{line.plain.rstrip()}{LEFT_TO_RIGHT_MARK}" for line in lines)
    return Text("\n".join(marked), justify="right")
