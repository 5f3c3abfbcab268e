"""A chapter of four passages, and a writer whose answers are written beforehand."""

import json
from collections.abc import AsyncIterator

from support.openai_study import build_plan
from tasks.generation.budget import TokenUsage
from tasks.generation.generation_loop import ChapterRun
from tasks.generation.openai.concurrency_limiter import get_limiter
from tasks.generation.openai.request_runner import RequestRunner, RetryPolicy
from tasks.generation.quotas import Quota
from tasks.generation.response_cache import ResponseCache, StoredResponse
from tasks.schemas.item_rows import Passage
from tasks.schemas.plan_sections import Prices, ValidationPlan
from tasks.store.progress import ignore_progress
from tasks.validation.item_checker import ItemChecker

BOOK = [
    Passage(
        id=f"p{n}",
        chapter="Lungs",
        section=section,
        page=n,
        text=f"{section} comes with {sign} at night. {section} is treated with {drug} for a week.",
    )
    for n, (section, sign, drug) in enumerate(
        [
            ("Asthma", "whistling", "salbutamol"),
            ("Croup", "barking", "dexamethasone"),
            ("Pleurisy", "stabbing", "naproxen"),
            ("Whooping", "gasping", "azithromycin"),
        ],
        1,
    )
]
DRUGS = {p.section: p.text.split("with ")[2].split(" for")[0] for p in BOOK}


def question(section, quote="", asks="Which drug is given for a week in"):
    """A sound question on a section."""
    place = next(p for p in BOOK if p.section == section)
    return {
        "fact": f"treatment of {section}",
        "kind": "other",
        "question": f"{asks} {section.lower()}?",
        "options": [DRUGS[s].capitalize() for s in sorted(DRUGS)],
        "answer": sorted(DRUGS).index(section) + 1,
        "page": place.page,
        "quote": quote or place.text.split(". ")[1],
    }


class ScriptedServer:
    """Answers from a list, in the order of the requests; remembers what it was asked. An answer is a
    list of items, or a text: one that begins as JSON was cut off.
    """

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def ask(self, all_words) -> AsyncIterator[StoredResponse | None]:
        for words in all_words:
            request = words()
            self.asked.append(request.body["messages"][1]["content"])
            answer, finish = self.answers.pop(0), "stop"
            if isinstance(answer, str):
                text, finish = answer, "length" if answer.startswith("{") else "stop"
            else:
                text = json.dumps({"items": answer})
            body = json.dumps({"choices": [{"message": {"content": text}}]})
            yield StoredResponse(request.key, finish, TokenUsage(1, 0, 1), 0.0, body)


def write(tmp_path, server, number, before=None, **choices):
    """So many questions on BOOK, by the product's checks."""
    checker = ItemChecker(BOOK, "en", ValidationPlan())
    runner = RequestRunner(
        cache=ResponseCache(tmp_path, 1.0, Prices()),
        limiter=get_limiter("scripted", 1),
        policy=RetryPolicy(),
        send=None,
        fill_body=dict,
        server="http://scripted",
    )
    run = ChapterRun(
        BOOK,
        Quota(0, number),
        build_plan(kinds={}, **choices),
        "en",
        checker.check_draft,
        None,
        ignore_progress,
        runner,
        before,
    )
    coroutine = run.run_rounds(server.ask)
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("a scripted server never waits")
