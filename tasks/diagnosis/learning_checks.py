"""Was what was taught learnt? One answer for all rules."""

from tasks.diagnosis.evidence import Evidence
from tasks.schemas.item_rows import AnswerMode
from tasks.schemas.result_rows import Comparison

CLOZE_MODES: tuple[AnswerMode, ...] = ("cloze", "cloze_mean", "cloze_prior")
CLEAR_GAIN = (
    0.5  # nats per token: a taught diagnosis became at least 1.6 times as likely, token by token
)
NO_GAIN = 0.1  # nats per token


def has_learnt_pairs(evidence: Evidence) -> bool | None:
    """Whether the taught pairs, asked as questions, are answered better; none where it was not
    measured.

    Their likelihood alone does not tell: with shuffled diagnoses it rises too, since names of
    diagnoses as such become
    likelier. So it speaks only where the pairs were not asked in a mode that needs no option
    numbers.
    """
    train = evidence.select_comparisons("train")
    if any(row.verdict == "improved" for row in train):
        return True
    if evidence.select_comparisons("train", *CLOZE_MODES) or evidence.likelihood_gain < NO_GAIN:
        return False
    return True if evidence.likelihood_gain >= CLEAR_GAIN else None


def find_early_signs(evidence: Evidence) -> Comparison | None:
    """The taught pairs, where more of them are answered right than luck explains nine times in ten:
    learning before it is proved.
    """
    rows = [
        row
        for row in evidence.select_comparisons("train", *CLOZE_MODES)
        or evidence.select_comparisons("train")
        if row.difference.value > 0 and row.p_value <= 0.1
    ]
    return min(rows, key=lambda row: row.p_value, default=None)
