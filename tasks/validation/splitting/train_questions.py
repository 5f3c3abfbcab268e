"""Ask taught pairs again as questions: the `train` set, which is known to the tuned model on
purpose.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from tasks import prompts
from tasks.schemas.digest import compute_digest
from tasks.schemas.item_rows import Pair, Passage, Question
from tasks.schemas.plan_sections import ValidationPlan
from tasks.schemas.sections.profiles import MEDICINE, split_tag
from tasks.validation.term_matching import normalize_name


def build_train_questions(
    pairs: Sequence[Pair], passages: Sequence[Passage], plan: ValidationPlan, language: str
) -> list[Question]:
    """A seeded sample of the training pairs, each with three other diagnoses, from its own chapter
    where it has so many.
    """
    draw = random.Random(f"recall/{plan.seed}")
    homes = {p.id: p.chapter for p in passages} | {
        normalize_name(p.section): p.chapter for p in reversed(passages) if p.section
    }
    pool: dict[str, dict[str, str]] = defaultdict(dict)
    for pair in pairs:
        pool[_find_chapter(pair, homes)].setdefault(normalize_name(pair.diagnosis), pair.diagnosis)
    everywhere = {k: v for names in pool.values() for k, v in names.items()}
    if len(everywhere) < 4:
        return []
    chosen = draw.sample(list(pairs), min(plan.train_questions, len(pairs)))
    return [
        _build_train_question(
            p, _draw_distractors(p, pool[_find_chapter(p, homes)], everywhere, draw), language
        )
        for p in chosen
    ]


def _find_chapter(pair: Pair, homes: Mapping[str, str]) -> str:
    """Where the diagnosis has its section, else where the pair is quoted from: a review at the end
    is nobody's chapter.
    """
    return homes.get(normalize_name(pair.diagnosis)) or homes.get(
        pair.quote.passage_id if pair.quote else "", ""
    )


def _draw_distractors(
    pair: Pair, near: Mapping[str, str], everywhere: Mapping[str, str], draw: random.Random
) -> list[str]:
    own = normalize_name(pair.diagnosis)
    close = [v for k, v in sorted(near.items()) if k != own]
    far = [v for k, v in sorted(everywhere.items()) if k != own and k not in near]
    first = draw.sample(close, min(3, len(close)))
    return first + draw.sample(far, 3 - len(first))


def _build_train_question(pair: Pair, others: list[str], language: str) -> Question:
    a, b, c = others
    stem = prompts.build_recall_stem(pair, language)
    return Question(
        id=f"recall-{compute_digest(pair.id.encode())}",
        fact=pair.fact,
        question=stem,
        options=(pair.diagnosis, a, b, c),
        answer=1,
        kind="diagnosis" if split_tag(language)[1] == MEDICINE else "application",
        quote=pair.quote,
    )
