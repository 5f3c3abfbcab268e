"""From what is to be asked to the request itself: its body, its hash, and the most it can cost."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tasks.generation.book_windows import PlannedRequest
from tasks.generation.budget import TokenUsage
from tasks.generation.openai.server_identity import ServerIdentity
from tasks.generation.pdf_parts import PdfPages
from tasks.generation.prompts import instructions
from tasks.generation.prompts.repairs import format_repair_demand
from tasks.generation.response_cache import key_of
from tasks.schemas.plan_sections import GenerationPlan
from tasks.schemas.sections.profiles import tag_language

MAX_PAGE_TOKENS = 2000  # at most, for the picture of one PDF page
FRAME_TOKENS = 200  # roles and separators


@dataclass(frozen=True)
class ChatRequest:
    """One request, named by everything that decides its answer; the same live and in a batch."""

    body: dict[str, Any]
    key: str
    worst_usage: TokenUsage  # no server counts more: a token is at least a byte

    @cached_property
    def script_profile(self) -> str:
        """Model and mixture of signs: a tokenizer makes alike many tokens of a byte in requests of
        one sort.

        English has about 0.25 tokens in a byte, Persian 0.15, Chinese 0.4, a table of figures 0.7:
        what one chapter taught is
        no bound for one of another kind. Told in fifths of the text's bytes: ASCII letters, digits
        and other signs, characters
        of three bytes and more; the rest is other letters.
        """
        text = "".join(part["text"] for part in list_parts(self.body) if part["type"] == "text")
        counts: Counter[str] = Counter()
        for character, times in Counter(text).items():
            counts[_classify_character(character)] += times * len(character.encode())
        return " ".join(
            [
                self.body["model"],
                *(
                    str(round(5 * counts[sort] / (counts.total() or 1)))
                    for sort in ("ascii", "sign", "long")
                ),
            ]
        )


def _classify_character(character: str) -> str:
    if character.isalpha() or character.isspace():
        return "ascii" if character.isascii() else "long" if character >= "\u0800" else "other"
    return "sign" if character.isprintable() else "other"


def build_request(
    asking: PlannedRequest,
    plan: GenerationPlan,
    language: str,
    pages: PdfPages | None,
    *,
    server: ServerIdentity,
) -> ChatRequest:
    """The request for one asking at one server."""
    passages, tag = asking.passages, tag_language(language, plan.profile)
    is_shown = pages and not asking.repairs  # a refused item needs its one passage, not the pages
    mark = pages.build_placeholder([p.page for p in passages]) if pages and is_shown else None
    demand = (
        format_repair_demand(tag, asking.repairs)
        if asking.repairs
        else instructions.format_demand(
            asking.kind,
            tag,
            asking.asked,
            paraphrases=plan.paraphrases,
            kinds=asking.kinds,
            focus="" if mark else asking.focus,
            avoid=asking.avoid,
            pages=mark["pages"] if mark else (),
        )
    )
    demands = f"{instructions.build_demands(asking.kind, tag)}\n{demand}"
    if mark:
        content: Any = [mark, {"type": "text", "text": demands}]
    else:
        content = f"{instructions.format_passages(passages)}\n\n{demands}"
    messages = [
        {"role": "system", "content": instructions.build_system_message(tag)},
        {"role": "user", "content": content},
    ]
    body = {
        "model": plan.model,
        "messages": messages,
        "max_tokens": plan.max_output_tokens,
        "temperature": plan.temperature,
        "seed": plan.seed + asking.sample,
        **build_response_format(plan, asking.kind),
        **plan.extra,
    }
    return ChatRequest(
        body,
        key_of(body, server),
        TokenUsage(count_max_tokens(body, pages), 0, plan.max_output_tokens),
    )


def build_response_format(plan: GenerationPlan, kind: instructions.ItemKind) -> dict[str, Any]:
    """The part that asks for structure, as far as the plan wants it."""
    if plan.structure == "schema":
        tag = tag_language("", plan.profile)  # the fields are the same in every language
        shape = instructions.build_schema(kind, tag)
        schema = {"name": f"{kind}s", "strict": True, "schema": shape}
        return {"response_format": {"type": "json_schema", "json_schema": schema}}
    return {"response_format": {"type": "json_object"}} if plan.structure == "json" else {}


def count_max_tokens(body: dict[str, Any], pages: PdfPages | None) -> int:
    """Bytes of all text, since no tokenizer makes more tokens than bytes; for pages their text and
    their pictures.
    """
    others = {name: value for name, value in body.items() if name != "messages"}
    size = FRAME_TOKENS + len(str(others).encode())
    for part in list_parts(body):
        size += len(part["text"].encode()) if part["type"] == "text" else 0
        size += (
            sum(MAX_PAGE_TOKENS + pages.get_text_bytes(page) for page in part["pages"])
            if pages and part["type"] == "pages"
            else 0
        )
    return size


def list_parts(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the messages hold, one after the other."""
    contents = [message["content"] for message in body.get("messages", ())]
    return [
        part
        for content in contents
        for part in (content if isinstance(content, list) else [{"type": "text", "text": content}])
    ]
