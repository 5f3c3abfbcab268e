"""Do conclusions belong to their situations? Against brute force, and on the handbook's own pairs."""

import json
import random
from itertools import combinations, permutations
from statistics import mean

import pytest
from support.items.handbook_passages import load_handbook

from tasks.diagnosis.pair_alignment import measure_pair_alignment
from tasks.generation.quotas import Quota
from tasks.generation.rules.rule_writer import write_items_by_rules
from tasks.schemas.item_rows import Pair
from tasks.schemas.plan_sections import GenerationPlan

Told = list[tuple[str, str]]
SIX = [
    ("fever cough rash", "A"),
    ("fever cough pain", "A"),
    ("pain limp rash", "B"),
    ("limp swelling pain 12", "B"),
    ("thirst hunger", "C"),
    ("thirst swelling hunger", "C"),
]  # each of these words stands in two or three of six situations


def make(rows: Told) -> list[Pair]:
    return [Pair(id=str(i), fact="f", symptom=s, diagnosis=d) for i, (s, d) in enumerate(rows)]


@pytest.fixture(scope="module")
def handbook() -> Told:
    """What the rules tell of each chapter."""
    plan = GenerationPlan()
    drafts = [
        draft
        for passages in load_handbook().values()
        for draft in write_items_by_rules(passages, Quota(20, 0), plan, "fa")
    ]
    return [
        (item["symptom"], item["diagnosis"])
        for draft in drafts
        for item in json.loads(draft.raw)["items"]
    ]


def deal_out(rows: Told, seed: int) -> Told:
    names = random.Random(seed).sample([name for _, name in rows], len(rows))
    return [(situation, name) for (situation, _), name in zip(rows, names, strict=True)]


def test_likeness_and_p_are_those_of_all_permutations() -> None:
    words = [{w for w in s.split() if not w.isdigit() and w != "pain"} for s, _ in SIX]
    kept = [{w for w in row if sum(w in other for other in words) == 2} for row in words]
    names = [name for _, name in SIX]

    def likeness(order: tuple[int, ...]) -> float:
        return mean(
            len(kept[order[i]] & kept[order[j]]) / max(1, len(kept[order[i]] | kept[order[j]]))
            for i, j in combinations(range(6), 2)
            if names[i] == names[j]
        )

    every = [likeness(order) for order in permutations(range(6))]
    found = measure_pair_alignment(make(SIX))
    assert found is not None and found.couples == 3
    assert found.alike == pytest.approx(likeness(tuple(range(6))))
    assert found.by_chance == pytest.approx(mean(every), abs=0.03)
    exact = mean(value >= found.alike - 1e-12 for value in every)
    assert found.p_value == pytest.approx(exact, abs=0.025)


def test_the_handbook_s_pairs_are_aligned_from_few_couples_on(handbook: Told) -> None:
    for number in (60, 120):
        for seed in range(5):
            found = measure_pair_alignment(make(random.Random(seed).sample(handbook, number)))
            assert found is not None and found.couples >= 4
            assert found.p_value <= 0.05 and found.alike > 3 * found.by_chance


def test_pairs_dealt_out_anew_are_as_alike_as_chance(handbook: Told) -> None:
    rows = random.Random(1).sample(handbook, 120)
    found = [measure_pair_alignment(make(deal_out(rows, seed))) for seed in range(20)]
    assert sum(one is not None and one.p_value <= 0.05 for one in found) <= 4
    assert mean(one.alike / one.by_chance for one in found if one) == pytest.approx(1, abs=0.15)


def test_copies_are_no_couples() -> None:
    assert measure_pair_alignment(make([("fever cough", "A")] * 5)) is None
    assert measure_pair_alignment(make([("fever", "A"), ("cough", "B")])) is None
    assert measure_pair_alignment([]) is None
