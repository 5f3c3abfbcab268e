"""Where the gate and the diagnosis look for leaks they agree on what is one."""

import pytest

from tasks.diagnosis.item_statistics import find_leaked_questions
from tasks.schemas.item_rows import Pair, Question
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.leakage import find_leaks

PLAN = ValidationPlan(leak_ngram=8, leak_similarity=0.95)
RUN = "a dry cough that wakes her every single night"
OPTIONS = ("asthma", "gout", "measles", "mumps")


@pytest.mark.parametrize(("facts", "leaks"), [(1, True), (2, True), (3, False), (4, False)])
def test_gate_and_diagnosis_agree_on_a_run_of_words_in_the_pairs_of_so_many_facts(facts, leaks):
    pairs = [
        Pair(
            id=f"p{i}",
            fact=f"fact {i}",
            symptom=f"Patient {i * 17} has {RUN}.",
            diagnosis=OPTIONS[i % 4],
        )
        for i in range(facts)
    ]
    question = Question(
        id="q",
        fact="other",
        question=f"Who, among ten neighbours and cousins, has {RUN}?",
        options=OPTIONS,
        answer=1,
    )
    assert bool(find_leaks(pairs, [question], PLAN)) is leaks
    assert bool(find_leaked_questions(pairs, [question], PLAN.leak_ngram)) is leaks
