"""A sweep's folder says in words, pictures and files what was tried, chosen and found; in both languages, with hostile names."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from statistics import stdev

import pytest
from support.items.scored_questions import make_answers, make_questions

from tasks.evaluation.statistics.setting_selection import (
    build_trial,
    rank_settings,
)
from tasks.reporting.labels import load_labels
from tasks.reporting.sweep import sweep_charts, sweep_folder
from tasks.reporting.sweep.sweep_page import build_sweep_markdown, render_sweep_page
from tasks.schemas.messages import Figure, build_message
from tasks.schemas.plan_file import load_plan
from tasks.schemas.plan_sections import ComparisonPlan
from tasks.schemas.result_rows import Comparison, Preflight, Timing, Timings
from tasks.schemas.sweep_plan import (
    Setting,
    SweepPlan,
    SweepResult,
    Trend,
    Trial,
    index_settings_by_value,
    list_settings,
    parse_sweep,
)

EN = load_labels("en")
TWO = {"finetuning.learning_rate": [1e-3, 5e-3], "finetuning.epochs": [1, 3, 6]}
PREFLIGHT = Preflight(
    texts=100,
    updates=9,
    epochs=1,
    batch_size=4,
    trainable_parameters=1,
    parameters=1,
    target_tokens=1,
    tokens=1,
    longest=1,
    too_long=0,
)
TIMINGS = Timings(
    stages=(
        Timing(stage="finetune_adapter", seconds=9.5, memory_mb=1),
        Timing(stage="finetune_adapter", seconds=2, memory_mb=1, cached=True),
    )
)


def tried(arm: Setting, right: int, seed: int = 0, n: int = 40, base_right: int = 12) -> Trial:
    asked = make_questions(n)
    base, tuned = (
        make_answers(asked, [1] * hits + [2] * (n - hits)) for hits in (base_right, right)
    )
    return build_trial(
        arm,
        seed,
        {"same_fact": asked},
        base,
        tuned=tuned,
        steps=[],
        preflight=PREFLIGHT,
        plan=ComparisonPlan(),
    )


def joined(finals: list[Trial]) -> Comparison:
    """The first seed's comparison with what all seeds say."""
    found = [one.comparison for one in finals if one.comparison]
    effects = tuple(one.difference.value for one in found)
    extra = found[0].extra | {"p_seeds": 0.004}
    return found[0].model_copy(update={"seeds": effects, "extra": extra})


@dataclass
class Example:
    plan: SweepPlan
    found: SweepResult


NOT_FINITE = build_message(
    "loss-not-finite", name="loss", value="<nan>", update=3, rate=Figure(0.005)
)


def example(
    language: str = "en", trend: bool = False, same: bool = True, **tree: object
) -> Example:
    """A sweep whose settings do better one after the other; the last one failed."""
    plan = parse_sweep(
        {"name": "try", "study": {"language": language}, "grid": TWO, "seeds": [0, 1], **tree}
    )
    arms = list_settings(plan)
    trials = [
        tried(arm, 10 + 4 * place + seed, seed)
        for place, arm in enumerate(arms[:-1])
        for seed in plan.seeds
    ]
    trials.append(Trial(arm=arms[-1], seed=0, comparison=None, failed=(NOT_FINITE,)))
    standings = rank_settings(trials)
    finals = [
        tried(standings[0].setting, right, seed) for seed, right in ((0, 30), (1, 33), (2, 13))
    ]
    step = (
        Trend(key="finetuning.epochs", smaller=1, larger=3, comparison=finals[0].comparison)
        if trend and finals[0].comparison
        else None
    )
    return Example(
        plan,
        SweepResult(
            standings=tuple(standings),
            finals=tuple(finals),
            verdict=joined(finals),
            same_questions=same,
            trend=step,
        ),
    )


def words_of(html: str) -> str:
    body = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())


@pytest.fixture(params=["en", "fa"])
def shown(request: pytest.FixtureRequest) -> tuple[Example, str]:
    one = example(request.param)
    return one, render_sweep_page(one.plan, one.found, TIMINGS)


def test_page_names_every_setting_once_in_the_table_and_the_chosen_one_on_top(
    shown: tuple[Example, str],
) -> None:
    one, html = shown
    table = html.split("<tbody>")[1].split("</tbody>")[0]
    assert [table.count(f">{arm.name}<") for arm in list_settings(one.plan)] == [1] * 6
    assert one.found.chosen_setting.name in html.split("<h1")[1].split("</section>")[0]
    assert f'dir="{load_labels(one.plan.study.language)["direction"]}"' in html


def test_page_loads_nothing_and_runs_nothing(shown: tuple[Example, str]) -> None:
    _, html = shown
    assert "<script" not in html and "@import" not in html and "url(" not in html
    assert not re.search(r'(?:src|href|action)="(?!#|data:,")', html)


def test_figures_of_the_verdict_are_those_of_the_first_seed() -> None:
    one = example()
    text = words_of(render_sweep_page(one.plan, one.found, TIMINGS))
    assert "30 of 40 questions right instead of 12" in text
    deviation = stdev(one.found.verdict.seeds)  # 30, 33 and 13 of 40
    assert f"standard deviation between seeds {EN.format_points(deviation, sign=False)}" in text
    assert "p = 0.004 of the test that all seeds have one effect" in text


def test_failed_setting_is_told_and_its_reason_is_escaped() -> None:
    one = example()
    html = render_sweep_page(one.plan, one.found, TIMINGS)
    assert "loss is &lt;nan&gt; at update 3 (learning rate 0.005)" in html
    assert "tuning failed" in html
    persian = render_sweep_page(one.plan, one.found, TIMINGS, "fa")
    assert "loss در گام ۳ برابر &lt;nan&gt; شد (نرخ یادگیری ۰٫۰۰۵)" in persian
    assert "lower" not in persian


def test_hostile_names_are_text() -> None:
    evil = Setting(name="<script>alert(1)</script>| `x`\u202e", changes={"finetuning.rank": 8})
    one = example(arms=[evil.model_dump()], grid={})
    # its only setting failed in the example: give it a result
    standings = rank_settings([tried(evil, 20)])
    found = one.found.model_copy(
        update={"standings": tuple(standings), "finals": (tried(evil, 30),)}
    )
    html, short = render_sweep_page(one.plan, found, TIMINGS), build_sweep_markdown(one.plan, found)
    assert "<script" not in html and "\u202e" not in html and "<script" not in short


def test_map_has_a_cell_for_each_pair_and_says_it_in_words() -> None:
    drawn = sweep_charts.draw_heatmap(example().found.standings, EN)
    assert drawn is not None and drawn.count('class="heat') == 5  # six pairs of values, one failed
    assert drawn.count(' best"') == 1
    assert "learning_rate 0.001, epochs 1: 26.2%" in drawn  # 10 and 11 of 40


def test_map_shows_the_best_over_further_keys() -> None:
    three = {**TWO, "finetuning.rank": [4, 16]}
    arms = list_settings(parse_sweep({"name": "t", "grid": three}))
    drawn = sweep_charts.draw_heatmap(
        rank_settings([tried(arm, 10 + place) for place, arm in enumerate(arms)]), EN
    )
    assert drawn is not None and drawn.count('class="heat') == 6
    assert "learning_rate 0.001, epochs 1: 27.5%" in drawn  # the better of 10 and 11 of 40


def test_map_of_one_key_is_not_drawn_but_its_curve_is() -> None:
    arms = list_settings(parse_sweep({"name": "t", "grid": {"generation.pairs": [400, 25, 100]}}))
    standings = rank_settings(
        [
            tried(arm, right, seed)
            for arm, right in zip(arms, (30, 14, 20), strict=True)
            for seed in (0, 1)
        ]
    )
    assert sweep_charts.draw_heatmap(standings, EN) is None
    drawn = sweep_charts.draw_rate_curve(index_settings_by_value(standings), EN)
    assert drawn is not None and drawn.count("<circle") == 6
    assert "25: 35.0%; 100: 50.0%; 400: 75.0%" in drawn
    places = [float(x) for x in re.findall(r'<text x="([\d.]+)" y="218', drawn)]
    assert places[1] - places[0] == pytest.approx(
        places[2] - places[1], abs=0.2
    )  # four times as many each: even steps


@pytest.mark.parametrize(
    ("right", "told"),
    [(30, "still rose"), (12, "nothing changed"), (14, "cannot tell"), (1, "fell")],
)
def test_curve_says_whether_more_would_help(right: int, told: str) -> None:
    one = example(trend=True)
    assert one.found.trend is not None
    result = tried(one.found.chosen_setting, right).comparison
    found = one.found.model_copy(
        update={"trend": one.found.trend.model_copy(update={"comparison": result})}
    )
    assert told in words_of(render_sweep_page(one.plan, found, TIMINGS))


def test_settings_with_other_questions_are_marked() -> None:
    one = example(same=False)
    assert "only roughly" in words_of(render_sweep_page(one.plan, one.found, TIMINGS))
    assert "only roughly" not in words_of(render_sweep_page(one.plan, example().found, TIMINGS))


def test_folder_holds_the_record_and_a_plan_that_loads(tmp_path: Path) -> None:
    one = example("fa")
    sweep_folder.write_sweep_folder(tmp_path, one.plan, one.found, TIMINGS)
    assert {path.name for path in tmp_path.iterdir()} == {
        "index.html",
        "report.md",
        "sweep.json",
        "best-plan.yaml",
    }
    told = json.loads((tmp_path / "sweep.json").read_text("utf-8"))
    assert (told["chosen"]["changes"], told["verdict"]["tuned"]["correct"]) == (
        one.found.chosen_setting.changes,
        30,
    )
    assert [row["rank"] for row in told["settings"]] == [1, 2, 3, 4, 5, 6]
    best = load_plan(tmp_path / "best-plan.yaml")
    assert (best.finetuning.learning_rate, best.finetuning.epochs, best.name) == (
        5e-3,
        3,
        "try-best",
    )
    assert best.evaluation == one.plan.study.evaluation  # a study of its own scores everything


def test_short_report_is_a_table_of_all_settings() -> None:
    one = example("fa")
    text = build_sweep_markdown(one.plan, one.found)
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert (
        text.startswith('<div dir="rtl" lang="fa">') and len(rows) == 2 + 6
    )  # head, rule, settings


def test_values_that_were_tried_are_told() -> None:
    one = example()
    assert "finetuning.epochs 1, 3, 6" in words_of(render_sweep_page(one.plan, one.found, TIMINGS))


def test_stages_are_summed_by_name() -> None:
    one = example()
    text = words_of(render_sweep_page(one.plan, one.found, TIMINGS))
    assert "finetune adapter 2 1 11.5" in text
