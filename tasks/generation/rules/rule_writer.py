"""The embedded writer: pairs and questions drawn from a chapter by rules, without a model; pure and
seeded.

It knows no book, only how books tell things: a section is a topic, its signs stand in a list under
a heading or in a
sentence such as "presents with a, b and c". Where a chapter gives too little it writes fewer items
than asked.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import Any, Literal

from tasks.generation.quotas import Quota
from tasks.generation.rules.book_facts import Topic, find_topics
from tasks.generation.rules.question_makers import ChapterTopics, make_questions
from tasks.generation.rules.rule_language import load_rule_language
from tasks.generation.rules.vignettes import make_pairs
from tasks.schemas.item_rows import Draft, Passage
from tasks.schemas.plan_sections import GenerationPlan
from tasks.schemas.sections.apportionment import apportion_total

SHARE_SCALE = 1_000_000  # shares of the kinds as whole numbers


def write_items_by_rules(
    passages: list[Passage], quota: Quota, plan: GenerationPlan, language: str
) -> list[Draft]:
    """Drafts for one chapter; the items of each come in the exercise's fields."""
    form = load_rule_language(language)
    title = passages[0].chapter if passages else ""
    chapter = ChapterTopics(find_topics(passages, form), form, language, plan.paraphrases)
    pairs = deal_items(
        [make_pairs(t, chapter, _build_rng(plan, title, "pair", t.name)) for t in chapter.topics],
        quota.pairs,
    )
    questions = write_questions(chapter, quota.questions, plan, title)
    return [
        *_build_drafts("pair", pairs, passages, plan),
        *_build_drafts("question", questions, passages, plan),
    ]


def write_questions(
    chapter: ChapterTopics, number: int, plan: GenerationPlan, title: str
) -> list[dict[str, Any]]:
    """Questions by the plan's shares of the kinds; what one kind cannot give, the others do."""
    shares = apportion_total(
        {kind: round(share * SHARE_SCALE) for kind, share in plan.kinds.items()}, number
    )
    made = {
        k: [
            make_questions(t, k, chapter, _build_rng(plan, title, k, t.name))
            for t in _rotate_topics(chapter.topics, i)
        ]
        for i, k in enumerate(plan.kinds)
    }
    taken = [q for kind, hands in made.items() for q in deal_items(hands, shares[kind])]
    for hands in made.values():
        taken += deal_items(hands, number - len(taken))
    return taken


def _rotate_topics(all_topics: list[Topic], by: int) -> list[Topic]:
    """Another first topic for each kind, so that small shares do not all fall on the same
    topics.
    """
    turn = 2 * by % max(1, len(all_topics))
    return all_topics[turn:] + all_topics[:turn]


def deal_items(hands: list[Iterator[dict[str, Any]]], number: int) -> list[dict[str, Any]]:
    """One item from each topic in turn until the number is reached or all are empty."""
    dealt: list[dict[str, Any]] = []
    hands = list(hands)
    while hands and len(dealt) < number:
        hand = hands.pop(0)
        if found := list(islice(hand, 1)):
            dealt += found
            hands.append(hand)
    return dealt


def _build_rng(plan: GenerationPlan, *place: str) -> Random:
    return Random("|".join([str(plan.seed), *place]))


def _build_drafts(
    kind: Literal["pair", "question"],
    items: list[dict[str, Any]],
    passages: list[Passage],
    plan: GenerationPlan,
) -> list[Draft]:
    """The items in requests of the plan's size, as a model's responses would come."""
    sizes = [items[i : i + plan.per_request] for i in range(0, len(items), plan.per_request)]
    return [_build_draft(kind, some, passages) for some in sizes]


def _build_draft(
    kind: Literal["pair", "question"], items: list[dict[str, Any]], passages: list[Passage]
) -> Draft:
    raw = json.dumps({"items": items}, ensure_ascii=False)
    quotes = {i["quote"] for i in items}
    shown = tuple(p.id for p in passages if any(q in p.text for q in quotes))
    name = hashlib.sha256(f"rules|{kind}|{raw}".encode()).hexdigest()[:16]
    return Draft(id=name, kind=kind, passages=shown, asked=len(items), writer="rules", raw=raw)
