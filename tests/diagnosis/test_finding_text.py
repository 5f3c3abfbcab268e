"""The rules' sentences: the same in both languages, one entry for each rule, each hole a number that the rule gives."""

import re

import pytest
from pydantic import ValidationError

from tasks.diagnosis.finding_text import RuleResult
from tasks.diagnosis.rules.ranking import NO_GAIN_RULES, VALIDITY_RULES
from tasks.language.language_pack import load_pack
from tasks.reporting.labels import load_labels
from tasks.reporting.message_words import tell_claim
from tasks.schemas.messages import Figure, Nats, Points, PValue, Share, Term
from tasks.schemas.result_rows import Finding

FA, EN = (load_pack("packs/findings.yaml", language) for language in ("fa", "en"))


def holes(text: str) -> list[str]:
    return sorted(re.findall(r"{[^}]*}", text))


@pytest.mark.parametrize("group", ["findings", "answers"])
def test_both_languages_have_the_same_sentences_with_the_same_numbers(group: str) -> None:
    assert FA[group].keys() == EN[group].keys()
    for name, texts in EN[group].items():
        assert {part: holes(text) for part, text in FA[group][name].items()} == {
            part: holes(text) for part, text in texts.items()
        }, name


def test_each_rule_has_its_sentences() -> None:
    assert len(EN["findings"]) == len(VALIDITY_RULES + NO_GAIN_RULES)
    assert all("advice" in texts for texts in EN["findings"].values())


def test_numbers_are_told_as_the_language_writes_them() -> None:
    finding = RuleResult(
        "texts-cut", {"too_long": 12}, 0.9, beside={"max_tokens": 384}
    ).build_finding()
    told = {language: tell_claim(finding, load_labels(language)) for language in ("en", "fa", "de")}
    assert told["en"] == "12 texts are longer than 384 tokens and were not taught whole."
    assert told["fa"] == "۱۲ متن از ۳۸۴ توکن بلندتر است و کامل آموزش داده نشد."
    assert told["de"] == told["en"] and finding.evidence == {"too_long": 12}


def test_typed_numbers_survive_their_file_and_what_is_not_finite_is_as_not_measured() -> None:
    numbers = {
        "base": Share(0.25),
        "difference": Points(-0.1),
        "kl_mean": Nats(0.5),
        "p_seeds": PValue(0.01),
        "epochs": Figure(8.0),
        "n": 12,
        "target_modules": "all-linear",
        "known": Term("modes", "cloze"),
        "loss_last": Nats(float("nan")),
        "blind": None,
    }
    finding = RuleResult("rule", numbers, 0.9).build_finding()
    assert finding.evidence == numbers | {"loss_last": None}
    assert Finding.model_validate_json(finding.model_dump_json()) == finding


def test_no_rule_gives_a_bare_number() -> None:
    """A float without a kind would be told as it is: 0.25 for 25 percent."""
    with pytest.raises(ValidationError):
        RuleResult("rule", {"base": 0.25}, 0.9).build_finding()  # type: ignore[dict-item]


def test_sentences_come_in_the_order_that_the_rule_says() -> None:
    reason = RuleResult(
        "few-pairs",
        {"pairs": 3, "asked": 10},
        0.9,
        {},
        ("claim", "stopped"),
        {"check": Term("checks", "grounding"), "stopped": 6},
    )
    assert tell_claim(reason.build_finding(), load_labels("en")).endswith(
        "to train on. Most of those that fell were stopped by one check: grounding (6)."
    )
