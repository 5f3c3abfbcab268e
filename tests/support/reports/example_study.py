"""A study made up from the handbook's text, so that the report can be written and looked at without a model."""

import random
import re
from dataclasses import replace
from math import exp, sqrt
from pathlib import Path

from scipy.stats import binomtest
from support.reports.example_rows import (
    make_causes,
    make_findings,
    make_funnel,
    make_rejections,
    make_timings,
    make_training_log,
    sample_signs,
)

from tasks.reporting.report_data import ArtifactLocation, PowerCurvePoint, ReportData, WriterTotals
from tasks.schemas.item_rows import Pair, Passage, Question, Quote, ReadingSummary
from tasks.schemas.messages import Message, Points, Value, build_message
from tasks.schemas.plan import StudyPlan
from tasks.schemas.result_rows import Answer, Comparison, Interval, ModelDiff, Preflight, Rate

HANDBOOK = Path(__file__).parents[3] / "books" / "handbook"
ENGLISH = {
    "Asthma": "wheeze, dry cough at night, chest tightness",
    "Gout": "sudden pain in the great toe, redness, fever",
    "Anaemia": "pallor, fatigue, breathlessness",
    "Migraine": "one-sided headache, nausea, dislike of light",
    "Psoriasis": "silvery scales, itching, pitted nails",
    "Cystitis": "burning urine, urgency, lower belly pain",
}
SET_SIZES = {"train": 40, "same_fact": 160, "new_fact": 60}
LEARNT_RATES = {"train": 0.97, "same_fact": 0.9, "new_fact": 0.55}


def load_conditions(language: str) -> list[Passage]:
    """One passage a condition: its list of signs."""
    if language != "fa":
        return [
            Passage(
                id=f"p{n:03d}-01",
                chapter="General medicine",
                section=name,
                page=n,
                text=f"- {signs}",
            )
            for n, (name, signs) in enumerate(ENGLISH.items(), 3)
        ]
    found: list[Passage] = []
    for file in sorted(HANDBOOK.glob("[01]*.md")):
        text = file.read_text("utf-8")
        chapter = text.splitlines()[0].lstrip("# ")
        for name, body in re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", text, re.M | re.S):
            signs = "\n".join(
                line
                for line in body.partition("### نشانه‌ها")[2].splitlines()
                if line.startswith("- ")
            )
            if signs:
                page = 4 + len(found)
                found.append(
                    Passage(
                        id=f"p{page:03d}-01",
                        chapter=chapter,
                        section=name,
                        heading="نشانه‌ها",
                        page=page,
                        text=signs,
                    )
                )
    return found


def make_quote(passage: Passage) -> Quote:
    end = passage.text.find("\n") if "\n" in passage.text else len(passage.text)
    return Quote(
        passage_id=passage.id, page=passage.page, start=2, end=end, text=passage.text[2:end]
    )


def make_pairs(
    passages: list[Passage], count: int, persian: bool, chance: random.Random
) -> list[Pair]:
    stem = "مرد {} ساله با {}" if persian else "A man aged {} with {}"
    rows = []
    for number in range(count):
        passage = passages[number % len(passages)]
        age = f"{chance.randint(18, 80)}"
        symptom = stem.format(
            age.translate(str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")) if persian else age,
            sample_signs(passage, chance, 3),
        )
        rows.append(
            Pair(
                id=f"pair-{number:04d}",
                fact=passage.section,
                symptom=symptom,
                diagnosis=passage.section,
                quote=make_quote(passage),
            )
        )
    return rows


def make_questions(
    name: str, passages: list[Passage], persian: bool, chance: random.Random
) -> list[Question]:
    stem = (
        "بیماری با {} مراجعه کرده است. کدام تشخیص محتمل‌تر است؟"
        if persian
        else "A patient has {}. Which diagnosis is the most probable?"
    )
    rows = []
    for number in range(SET_SIZES[name]):
        passage = chance.choice(passages)
        others = chance.sample([other.section for other in passages if other is not passage], 3)
        key = number % 4
        options = [*others[:key], passage.section, *others[key:]]
        rows.append(
            Question(
                id=f"{name}-{number:04d}",
                fact=passage.section,
                question=stem.format(sample_signs(passage, chance, 4)),
                options=tuple(options),
                answer=key + 1,
                kind="diagnosis",
                quote=make_quote(passage),
            )
        )
    return rows


def make_answers(
    questions: dict[str, list[Question]], learnt: dict[str, float], chance: random.Random
) -> list[Answer]:
    rows = []
    for name, items in questions.items():
        for question in items:
            for mode in ("generate", "digits", "cloze"):
                share = learnt[name] if mode == "cloze" else 0.25
                right = chance.random() < share
                wrong = chance.choice([n for n in (1, 2, 3, 4) if n != question.answer])
                predicted = (
                    None
                    if mode == "generate" and chance.random() < 0.1
                    else question.answer
                    if right
                    else wrong
                )
                scores = tuple(
                    -1.0 if n == predicted else -2.5 - chance.random() for n in (1, 2, 3, 4)
                )
                rows.append(
                    Answer(
                        question_id=question.id,
                        rotation=0,
                        mode=mode,
                        scores=None if mode == "generate" else scores,
                        said=f" {predicted or '؟'}" if mode == "generate" else "",
                        predicted=predicted,
                        is_correct=predicted == question.answer,
                    )
                )
    return rows


def compute_wilson_rate(correct: int, n: int) -> Rate:
    z, p = 1.96, correct / n
    middle, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n),
    )
    return Rate(correct=correct, n=n, rate=p, low=middle - half, high=middle + half)


def make_comparison(
    name: str,
    mode: str,
    items: list[Question],
    base: list[Answer],
    tuned: list[Answer],
    primary: bool,
) -> Comparison:
    keys = {question.id for question in items}
    before = {a.question_id: a for a in base if a.mode == mode and a.question_id in keys}
    after = {a.question_id: a for a in tuned if a.mode == mode and a.question_id in keys}
    gained = sum(after[k].is_correct and not before[k].is_correct for k in keys)
    lost = sum(before[k].is_correct and not after[k].is_correct for k in keys)
    n, apart = len(items), gained + lost
    p_value = float(binomtest(gained, apart).pvalue) if apart else 1.0
    half = 1.96 * sqrt(max(apart - (gained - lost) ** 2 / n, 1)) / n
    difference = Interval(
        value=(gained - lost) / n, low=(gained - lost) / n - half, high=(gained - lost) / n + half
    )
    changed = sum(before[k].predicted != after[k].predicted for k in keys)
    verdict = (
        "identical"
        if changed == 0
        else "inconclusive"
        if p_value >= 0.05
        else "improved"
        if gained > lost
        else "worse"
    )
    return Comparison(
        told=tell_verdict(verdict, n=n, gained=gained, lost=lost),
        set=name, mode=mode, primary=primary, n=n, base=compute_wilson_rate(count_right(before), n), tuned=compute_wilson_rate(count_right(after), n), gained=gained, lost=lost, changed=changed,
        illegible_base=sum(a.predicted is None for a in before.values()), illegible_tuned=sum(a.predicted is None for a in after.values()),
        p_value=p_value, difference=difference, detectable=2.8 * sqrt(max(apart, 1)) / n, verdict=verdict,
    )  # fmt: skip


def tell_verdict(verdict: str, **values: Value) -> Message:
    """The verdict as a comparison tells it, its figures made up."""
    counts = {"n": 0, "base": 1, "tuned": 2, "gained": 3, "lost": 4, "illegible": 5}
    counts |= {"questions_needed": 600, "facts_needed": 70}
    sizes = {"margin": 0.05, "detectable": 0.1, "difference": 0.2, "low": 0.1, "high": 0.3}
    told = {name: Points(size) for name, size in sizes.items()}
    return Message(
        code=f"verdict-{verdict}",
        values={"claim": build_message("claim-adapter"), **counts, **told, **values},
    )


def count_right(answers: dict[str, Answer]) -> int:
    return sum(answer.is_correct for answer in answers.values())


def make_example_study(
    language: str = "fa", learnt: dict[str, float] | None = None, seed: int = 0
) -> ReportData:
    """A study of the laptop's size; `learnt` is the tuned model's share of right answers by set, none for a null adapter."""
    chance = random.Random(seed)
    persian = language == "fa"
    passages = load_conditions(language)
    pairs = make_pairs(passages, 340, persian, chance)
    questions = {name: make_questions(name, passages, persian, chance) for name in SET_SIZES}
    base = make_answers(questions, dict.fromkeys(SET_SIZES, 0.28), chance)
    tuned = (
        make_answers(questions, LEARNT_RATES if learnt is None else learnt, chance)
        if learnt != {}
        else base
    )
    comparisons = [
        make_comparison(name, mode, items, base, tuned, (name, mode) == ("same_fact", "cloze"))
        for name, items in questions.items()
        for mode in ("cloze", "digits", "generate")
    ]
    return ReportData(
        plan=StudyPlan(language=language), book_title="راهنمای پزشکی" if persian else "Handbook", book_path="books/handbook.pdf", book_digest="5d41402abc4b2a76",
        passages=passages, scan=ReadingSummary(pages=159, skipped={"picture": 2}, running_lines=310, bookmarks=84, bookmarks_found=83), pairs=pairs[:300], held_out=pairs[300:], questions=questions, rejected=make_rejections(passages), funnel=make_funnel(), steps=make_training_log(),
        preflight=Preflight(texts=300, updates=150, epochs=6, batch_size=16, trainable_parameters=114_688, parameters=1_010_000, target_tokens=21_000, tokens=21_000, longest=118, too_long=0),
        probe=ModelDiff(kl_mean=5.4, weight_shift=0.52, taught_before=-3.1, taught_after=-0.2, unseen_before=-3.2, unseen_after=-0.9, book_before=9.1, book_after=31.0),
        base=base, tuned=tuned, comparisons=comparisons, findings=make_findings(), causes=make_causes(),
        next_plan=StudyPlan(name="laptop-next", finetuning={"epochs": 12}), next_command="book2lora study runs/latest/next-plan.yaml", writing=WriterTotals(requests=13),
        versions={"python": "3.11.9", "torch": "2.13.0", "transformers": "5.23.1", "peft": "0.21.0"}, timings=make_timings(), power=[PowerCurvePoint(d / 100, 1 - exp(-((d / 9) ** 2))) for d in range(31)],
        artifacts={"pairs": ArtifactLocation("runs/pairs/0f3a5d41402abc4b.jsonl", "0f3a5d41402abc4b"), "adapter": ArtifactLocation("runs/adapters/77aa5d41402abc4b", "77aa5d41402abc4b")},
        machine={"device": "cpu", "threads": "2"},
    )  # fmt: skip


def add_question(study: ReportData, question: Question) -> ReportData:
    """The study with one more question at the head of its primary set."""
    return replace(
        study, questions={**study.questions, "same_fact": [question, *study.questions["same_fact"]]}
    )
