"""The rules' sentences: the same in both languages, one entry for each rule, each hole a number that the rule gives."""

import re
from pathlib import Path

import pytest
import yaml

from tasks import diagnosis
from tasks.diagnosis.finding_text import RuleResult
from tasks.diagnosis.rules.ranking import NO_GAIN_RULES, VALIDITY_RULES

FOLDER = Path(diagnosis.__file__).parent / "wording"
FA, EN = (
    yaml.safe_load((FOLDER / f"{language}.yaml").read_text("utf-8")) for language in ("fa", "en")
)


def holes(text: str) -> list[str]:
    return sorted(re.findall(r"{[^}]*}", text))


@pytest.mark.parametrize("group", ["rules", "causes"])
def test_both_languages_have_the_same_sentences_with_the_same_numbers(group: str) -> None:
    assert FA[group].keys() == EN[group].keys()
    for name, texts in EN[group].items():
        assert {part: holes(text) for part, text in FA[group][name].items()} == {
            part: holes(text) for part, text in texts.items()
        }, name


def test_each_rule_has_its_sentences() -> None:
    assert len(EN["rules"]) == len(VALIDITY_RULES + NO_GAIN_RULES)
    assert all("advice" in texts for texts in EN["rules"].values())


def test_numbers_are_told_as_the_language_writes_them() -> None:
    reason = RuleResult("texts-cut", {"too_long": 12}, 0.9, beside={"max_tokens": 384})
    assert (
        reason.build_finding("en").claim
        == "12 texts are longer than 384 tokens and were not taught whole."
    )
    assert (
        reason.build_finding("fa").claim == "۱۲ متن از ۳۸۴ توکن بلندتر است و کامل آموزش داده نشد."
    )
    assert reason.build_finding("de").claim == reason.build_finding("en").claim
    assert reason.build_finding("en").evidence == {"too_long": 12}


def test_sentences_come_in_the_order_that_the_rule_says() -> None:
    reason = RuleResult(
        "few-pairs",
        {"pairs": 3, "asked": 10},
        0.9,
        {},
        ("claim", "stopped"),
        {"check": "grounding", "stopped": 6},
    )
    assert reason.build_finding("en").claim.endswith(
        "to train on. Most of those that fell were stopped by one check: grounding (6)."
    )
