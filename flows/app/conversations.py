"""Base and tuned model of a study, asked the same; their answers can be read while they grow."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flows.cli.chat import SHOWN_PASSAGES
from tasks.schemas.errors import PlanError, StudyError
from tasks.schemas.item_rows import Passage
from tasks.schemas.machine import Machine
from tasks.schemas.messages import Message, build_message

if TYPE_CHECKING:
    from flows.cli.answer_stream import ModelPair

MOST_QUESTION_LETTERS = 4000
MOST_REPLIES = 50  # kept to be read again; the oldest go
TOKENS = 120  # of an answer at most, as `book2lora chat` has it by default


@dataclass
class PairedReply:
    """What both models say to a question, as far as it is said."""

    id: str
    study: str
    question: str
    open_book: bool
    said: dict[str, str] = field(default_factory=lambda: {"base": "", "tuned": ""})
    passages: Sequence[Passage] | None = None  # of the book, once they were looked for
    is_done: bool = False
    is_whole: bool = False
    fault: Sequence[Message | str] = ()


class ModelConversations:
    """One pair of models in memory, that of the study asked last; one question at a time."""

    def __init__(self) -> None:
        self._replies: OrderedDict[str, PairedReply] = OrderedDict()
        self._asking = threading.Lock()
        self._loaded: tuple[Path, ModelPair] | None = None

    def ask(self, folder: Path, question: str, *, open_book: bool) -> PairedReply:
        """Begin to answer. Raises PlanError for a question that is none or too long."""
        question = question.strip()
        if not question or len(question) > MOST_QUESTION_LETTERS:
            raise PlanError(build_message("question-length", most=MOST_QUESTION_LETTERS))
        reply = PairedReply(secrets.token_urlsafe(9), folder.name, question, open_book)
        self._replies[reply.id] = reply
        while len(self._replies) > MOST_REPLIES:
            self._replies.popitem(last=False)
        threading.Thread(target=self._answer, args=(reply, folder), daemon=True).start()
        return reply

    def find_reply(self, identity: str) -> PairedReply | None:
        return self._replies.get(identity)

    def _answer(self, reply: PairedReply, folder: Path) -> None:
        try:
            with self._asking:
                self._stream_replies(reply, self._load_pair(folder))
            reply.is_whole = True
        except StudyError as error:
            reply.fault = error.args
        finally:  # any other error is the thread's: the terminal shows it
            if not (reply.is_whole or reply.fault):
                reply.fault = (build_message("reply-broke-off"),)
            reply.is_done = True

    def _load_pair(self, folder: Path) -> "ModelPair":
        from flows.cli.answer_stream import load_model_pair

        if self._loaded is None or self._loaded[0] != folder:
            self._loaded = None  # before the next pair takes its memory
            self._loaded = (folder, load_model_pair(folder, None, Machine()))
        return self._loaded[1]

    def _stream_replies(self, reply: PairedReply, pair: "ModelPair") -> None:
        from flows.cli.answer_stream import build_prompt, find_passages, stream_reply

        if reply.open_book:
            reply.passages = find_passages(pair, reply.question, SHOWN_PASSAGES)
        prompt = build_prompt(pair, reply.question, reply.passages or ())
        for name, loaded in (("base", pair.base), ("tuned", pair.tuned)):

            def tell(words: str, name: str = name) -> None:
                reply.said[name] += words

            stream_reply(loaded, prompt, TOKENS, tell)
