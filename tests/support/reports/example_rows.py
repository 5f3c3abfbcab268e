"""The rows of the example study that need no dice: log, funnel, rejections, findings, causes, timings."""

import random
from math import exp

from tasks.schemas.item_rows import FilterStep, Passage, Rejection
from tasks.schemas.messages import Figure, Nats, Points, Share, Term, build_message
from tasks.schemas.result_rows import Cause, Finding, Timing, TrainingStep


def sample_signs(passage: Passage, chance: random.Random, count: int) -> str:
    lines = [line[2:] for line in passage.text.splitlines()]
    comma = "، " if "ن" in passage.text else ", "
    return comma.join(chance.sample(lines, min(count, len(lines))))


def make_training_log() -> list[TrainingStep]:
    rows = [
        TrainingStep(
            step=n,
            epoch=n / 25,
            loss=0.4 + 3.2 * exp(-n / 28) + 0.08 * ((n * 7) % 5 - 2) / 2,
            learning_rate=5e-3 * (1 - n / 151),
            grad_norm=1.0,
            target_tokens=900,
        )
        for n in range(1, 151)
    ]
    return rows + [
        TrainingStep(
            step=25 * e,
            epoch=e,
            loss=0.75 + 2.6 * exp(-e / 1.3),
            split="held_out",
            target_tokens=4000,
        )
        for e in range(7)
    ]


def make_funnel() -> list[FilterStep]:
    return [
        FilterStep(
            name="parsed",
            kind="pair",
            came=420,
            kept=418,
            fell={"not JSON": 2},
            repaired={"trailing-comma": 5},
        ),
        FilterStep(name="grounded", kind="pair", came=418, kept=401, fell={"quote not found": 17}),
        FilterStep(name="unrepeated", kind="pair", came=401, kept=362, fell={"near duplicate": 39}),
        FilterStep(name="unleaked", kind="pair", came=362, kept=340, fell={"leaks a question": 22}),
        FilterStep(name="parsed", kind="question", came=280, kept=280),
        FilterStep(
            name="flawless",
            kind="question",
            came=280,
            kept=262,
            fell={"key-given-away-by-its-length": 12, "repeated-options": 6},
        ),
        FilterStep(
            name="unrepeated",
            kind="question",
            came=262,
            kept=260,
            fell={"says-the-same-as-an-earlier-item": 2},
        ),
    ]


def make_rejections(passages: list[Passage]) -> list[Rejection]:
    reasons = {
        "grounding": build_message("quote-not-in-the-passages", text="تب و لرز"),
        "duplicates": build_message("says-the-same-as-an-earlier-item", text="pair-0001"),
        "flaws": build_message("key-given-away-by-its-length", key=41, longest=12),
        "leakage": build_message("shared-words", pair="pair-0004", n=9, words="تب و لرز"),
    }
    return [
        Rejection(draft_id=f"d{n:03d}", kind="pair" if n % 3 else "question", passage_id=passages[n % len(passages)].id, check=check, reason=reasons[check], raw=f"{{'symptom': '{sample_signs(passages[n % len(passages)], random.Random(n), 2)}', 'diagnosis': '{passages[n % len(passages)].section}'}}")
        for n, check in enumerate(["grounding"] * 17 + ["duplicates"] * 41 + ["flaws"] * 18 + ["leakage"] * 22)
    ]  # fmt: skip


def make_findings() -> list[Finding]:
    return [
        Finding(rule="format-gap", evidence={"cloze_difference": Points(0.61), "difference": Points(0.006)}, beside={"known": Term("modes", "cloze"), "mode": Term("modes", "digits")}, priority=0.5, remedy={"validation.train_questions": 200}),
        Finding(rule="knowledge-lost", claim=("both",), evidence={"book_times": Figure(3.4), "general_times": Figure(1.2)}, priority=0.2, remedy={"finetuning.learning_rate": 0.002}),
    ]  # fmt: skip


def make_causes() -> list[Cause]:
    told = [
        ("training data", "ruled out", {"distinct pairs": 340, "facts covered": Share(0.75)}),
        (
            "too little training",
            "ruled out",
            {"updates": 150, "loss before": Nats(3.6), "loss after": Nats(0.4)},
        ),
        ("leakage", "ruled out", {"longest shared run": 6}),
        ("easy questions", "cannot be told", {"base rate": Share(0.28), "options only": None}),
    ]
    return [
        Cause(name=name, claim=(), verdict=verdict, evidence=evidence)
        for name, verdict, evidence in told
    ]


def make_timings() -> list[Timing]:
    told = [
        ("read_book", 6.2, 210),
        ("generate_drafts", 9.9, 260),
        ("validate_drafts", 3.3, 300),
        ("prepare_base", 61.5, 900),
        ("finetune_adapter", 38.4, 950),
        ("evaluate_model", 21.7, 990),
        ("compare_answers", 0.6, 400),
    ]
    return [
        Timing(stage=stage, seconds=seconds, memory_mb=memory, cached=stage == "read_book")
        for stage, seconds, memory in told
    ]
