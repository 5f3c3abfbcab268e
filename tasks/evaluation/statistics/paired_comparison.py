"""Base against tuned on the same questions: every question accounted for, one row for each set and
mode.

With several rotations a model has one answer to a question (`choose_final_option`). No legible
answer is a wrong one.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tasks.evaluation.statistics.hard_subset import compare_on_hard_subset
from tasks.evaluation.statistics.verdict import PairedOutcomes, judge_outcomes
from tasks.evaluation.statistics.verdict_message import explain_limits, explain_verdict
from tasks.schemas.errors import MissingArtifact, NothingLeft
from tasks.schemas.item_rows import AnswerMode, Question, SetName
from tasks.schemas.messages import build_message
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Answer, Comparison
from tasks.schemas.rows.final_answers import choose_final_option

_SET_ORDER: tuple[SetName, ...] = ("same_fact", "new_fact", "all", "train")
_SCORE_COLUMNS = ["score_1", "score_2", "score_3", "score_4"]
# Nats, in the mean over the options: no option's chance changes by more than a twentieth of it. The
# exercise's 14 updates, which did nothing, move them by .009; the laptop study moves them by 7.5
SAME_SCORES = 0.05
_BASE = -1  # where the tuned models are numbered by their seed's place


def compare_models(
    questions: Mapping[str, Sequence[Question]],
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    plan: ComparisonPlan,
    further: Sequence[Sequence[Answer]] = (),
) -> list[Comparison]:
    """Each set, and `all` (same_fact and new_fact), in each mode that was scored; the primary one
    first.

    `further`: what models tuned with further seeds answered. Raises MissingArtifact where a
    question lacks an answer, NothingLeft where the primary set is empty. Answers to questions of
    other papers are left aside, so that a part of the questions can be compared alone.
    """
    papers: dict[str, Sequence[Question]] = {
        **questions,
        "all": [*questions.get("same_fact", ()), *questions.get("new_fact", ())],
    }
    if not papers.get(plan.primary_set):
        raise NothingLeft(build_message("primary-set-empty", set=repr(plan.primary_set)))
    rows = _build_answer_frame([base, tuned, *further])
    modes = list(dict.fromkeys(answer.mode for answer in (*base, *tuned)))
    if plan.primary_mode not in modes:
        raise MissingArtifact(
            build_message(
                "primary-mode-unanswered", mode=repr(plan.primary_mode), modes=tuple(modes)
            )
        )
    asked = [(name, mode) for name in _SET_ORDER if papers.get(name) for mode in modes]
    asked.sort(key=lambda pair: pair != (plan.primary_set, plan.primary_mode))
    decided = {
        mode: [
            _build_question_frame(one, papers, mode)
            for one in _pair_with_base(rows[rows["mode"] == mode], 1 + len(further))
        ]
        for mode in modes
    }
    found = [
        _build_comparison(
            [sheet.loc[[q.id for q in papers[name]]] for sheet in decided[mode]], name, mode, plan
        )
        for name, mode in asked
    ]
    adjusted = apply_holm_correction([row.p_value for row in found[1:]])
    hard = compare_on_hard_subset(papers[plan.primary_set], base, tuned, plan.primary_mode)
    return [
        found[0].model_copy(update={"extra": found[0].extra | hard}),
        *(
            row.model_copy(update={"extra": row.extra | {"p_holm": p}})
            for row, p in zip(found[1:], adjusted, strict=True)
        ),
    ]


def pair_answers(
    questions: Sequence[Question],
    base: Sequence[Answer],
    tuned: Sequence[Sequence[Answer]],
    mode: AnswerMode,
) -> PairedOutcomes:
    """The marks of one list of questions in one mode; `tuned`: the answers of each seed's model, or
    of whatever is compared with the base's. Raises MissingArtifact where an answer is missing.
    """
    rows = _build_answer_frame([base, *tuned])
    rows = rows[rows["mode"] == mode]
    return _collect_outcomes(
        [
            _build_question_frame(one, {"": questions}, mode)
            for one in _pair_with_base(rows, len(tuned))
        ]
    )


def _build_answer_frame(models: Sequence[Sequence[Answer]]) -> pd.DataFrame:
    """One row an answer, with its model: the base, then those tuned, by their place."""
    nothing = (np.nan,) * 4
    answers = [answer for model in models for answer in model]
    places = np.arange(len(models)) + _BASE
    frame = pd.DataFrame(
        {
            "id": [a.question_id for a in answers],
            "mode": [a.mode for a in answers],
            "rotation": [a.rotation for a in answers],
            "predicted": [a.predicted or 0 for a in answers],  # 0: no legible answer
            "is_correct": [a.is_correct for a in answers],
            "truncated": [a.truncated for a in answers],
            "said": [a.said for a in answers],
            "model": np.repeat(places, [len(model) for model in models]),
        }
    )
    scores = np.array([a.scores or nothing for a in answers], dtype=float).reshape(-1, 4)
    return frame.assign(**{name: scores[:, i] for i, name in enumerate(_SCORE_COLUMNS)})


def _pair_with_base(rows: pd.DataFrame, models: int) -> list[pd.DataFrame]:
    """The rows of the base and of one tuned model, for each of these."""
    return [
        rows[(rows["model"] == _BASE) | (rows["model"] == number)].assign(
            tuned=lambda pair: pair["model"] != _BASE
        )
        for number in range(models)
    ]


def _build_question_frame(
    rows: pd.DataFrame, papers: Mapping[str, Sequence[Question]], mode: AnswerMode
) -> pd.DataFrame:
    """One row a question, with what both models answered in one mode."""
    sheet = _build_key_frame(papers)
    rows = rows[rows["id"].isin(sheet.index)]
    _require_complete_answers(rows, sheet, mode)
    rows = rows.assign(key=sheet["key"].loc[rows["id"]].to_numpy())
    wrongly = rows[rows["is_correct"] != ((rows["predicted"] == rows["key"]) & ~rows["truncated"])]
    if len(wrongly):
        raise MissingArtifact(
            build_message(
                "answers-of-another-key",
                n=len(wrongly),
                mode=mode,
                first=str(wrongly["id"].iloc[0]),
            )
        )
    both = [
        _aggregate_rotations(rows[rows["tuned"] == is_tuned]).add_suffix(suffix)
        for is_tuned, suffix in ((False, "_base"), (True, "_tuned"))
    ]
    return sheet.join(both[0]).join(both[1]).join(_compare_said(rows))


def _build_key_frame(papers: Mapping[str, Sequence[Question]]) -> pd.DataFrame:
    """The questions of all sets by id; one without a fact is a fact of its own."""
    own = [question for name, rows in papers.items() if name != "all" for question in rows]
    facts = [q.fact or f"\0{q.id}" for q in own]
    sheet = pd.DataFrame(
        {
            "key": [q.answer for q in own],
            "fact": facts,
            "passage": [
                q.quote.passage_id if q.quote else f"\0{fact}"
                for q, fact in zip(own, facts, strict=True)
            ],
        },
        index=[q.id for q in own],
    )
    twice = sheet.index[sheet.index.duplicated()]
    if len(twice):
        raise MissingArtifact(
            build_message("ids-twice-in-sets", n=len(twice), first=repr(twice[0]))
        )
    return sheet


def _require_complete_answers(rows: pd.DataFrame, sheet: pd.DataFrame, mode: AnswerMode) -> None:
    """Each question has exactly one answer of each model in each rotation, or the comparison is
    refused.
    """
    place = ["tuned", "id", "rotation"]
    if rows.duplicated(place).any():
        raise MissingArtifact(
            build_message("answers-twice", n=int(rows.duplicated(place).sum()), mode=mode)
        )
    wanted = pd.MultiIndex.from_product(
        [[False, True], sheet.index, rows["rotation"].unique()], names=place
    )
    lacking = wanted.difference(pd.MultiIndex.from_frame(rows[place]))
    if len(lacking) or rows.empty:
        who = ", ".join(f"{'tuned' if t else 'base'} {i} rotation {r}" for t, i, r in lacking[:3])
        raise MissingArtifact(
            build_message("answers-missing", n=len(lacking), mode=mode, first=who)
        )


def _aggregate_rotations(rows: pd.DataFrame) -> pd.DataFrame:
    """Of one model: its answer to each question, whether it is right, and how steady it was over
    the rotations.
    """
    rows = rows.sort_values("rotation", kind="stable")
    by_question = rows.groupby("id", sort=False)
    predicted = _choose_options(rows)
    truncated = by_question["truncated"].any()
    return pd.DataFrame(
        {
            "predicted": predicted,
            "correct": (predicted == by_question["key"].first()) & ~truncated,
            "illegible": predicted == 0,
            "mean": by_question["is_correct"].mean(),
            "steady": by_question["predicted"].nunique() == 1,
            "truncated": truncated,
        }
    )


def _choose_options(rows: pd.DataFrame) -> pd.Series:
    """By question, the option that counts as the model's answer over the rotations, 0 for none."""
    given: dict[str, tuple[list[int | None], list[list[float] | None]]] = {}
    for question, named, scores, known in zip(
        rows["id"],
        rows["predicted"].tolist(),
        rows[_SCORE_COLUMNS].to_numpy().tolist(),
        rows[_SCORE_COLUMNS].notna().all(axis=1),
        strict=True,
    ):
        options, scored = given.setdefault(question, ([], []))
        options.append(named or None)
        scored.append(scores if known else None)
    chosen = {question: choose_final_option(*said) or 0 for question, said in given.items()}
    return pd.Series(chosen, dtype=np.int64)


def _compare_said(rows: pd.DataFrame) -> pd.DataFrame:
    """How far the four scores of a question moved, in nats, in the mean, NaN where there are none;
    whether the texts differ.
    """
    place = ["id", "rotation"]
    base, tuned = (rows[rows["tuned"] == t].set_index(place) for t in (False, True))
    shift = (tuned[_SCORE_COLUMNS] - base[_SCORE_COLUMNS]).abs().mean(axis=1)
    reworded = tuned["said"] != base["said"].reindex(tuned.index)
    return pd.DataFrame(
        {"shift": shift.groupby("id").mean(), "reworded": reworded.groupby("id").any()}
    )


def _build_comparison(
    sheets: Sequence[pd.DataFrame], name: SetName, mode: AnswerMode, plan: ComparisonPlan
) -> Comparison:
    """One set in one mode; a sheet for each seed of the tuning, the study's own first."""
    sheet = sheets[0]
    judged = judge_outcomes(_collect_outcomes(sheets), plan)
    further = {
        f"{what}_{who}": float(sheet[f"{what}_{who}"].mean())
        for what in ("mean", "steady", "truncated")
        for who in ("base", "tuned")
    }
    shift = {} if sheet["shift"].isna().all() else {"score_shift": float(sheet["shift"].mean())}
    primary, illegible = (name, mode) == (plan.primary_set, plan.primary_mode), "illegible_tuned"
    return Comparison(
        set=name,
        mode=mode,
        primary=primary,
        n=len(sheet),
        illegible_base=int(sheet["illegible_base"].sum()),
        illegible_tuned=int(sheet[illegible].sum()),
        told=explain_verdict(judged, plan, int(sheet[illegible].sum()), primary),
        limits=explain_limits(judged, shift.get("score_shift")),
        **(judged._asdict() | {"extra": judged.extra | further | shift}),
    )


def _collect_outcomes(sheets: Sequence[pd.DataFrame]) -> PairedOutcomes:
    """The marks of the questions, with what may move together."""
    sheet = sheets[0]
    fact, passage = (pd.factorize(sheet[unit])[0] for unit in ("fact", "passage"))
    moved = [one["reworded"].any() or one["shift"].mean() > SAME_SCORES for one in sheets]
    return PairedOutcomes(
        base=sheet["correct_base"].to_numpy(bool),
        tuned=np.array([one["correct_tuned"] for one in sheets], dtype=bool),
        changed=np.array([one["predicted_base"] != one["predicted_tuned"] for one in sheets]),
        fact=fact,
        passage=passage if _is_other_grouping(fact, passage) else None,
        same=not any(moved),
    )


def _is_other_grouping(fact: NDArray[np.int64], passage: NDArray[np.int64]) -> bool:
    """Whether any two questions share one of the two and not the other."""
    both = len(np.unique(np.stack([fact, passage]), axis=1).T)
    return not both == len(np.unique(fact)) == len(np.unique(passage))


def apply_holm_correction(p_values: Iterable[float]) -> list[float]:
    """Holm's adjustment: reject those at most alpha, and the chance of any false one is at most
    alpha.
    """
    values = list(p_values)
    adjusted, highest = [0.0] * len(values), 0.0
    for rank, place in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        highest = max(highest, min(1.0, (len(values) - rank) * values[place]))
        adjusted[place] = highest
    return adjusted
