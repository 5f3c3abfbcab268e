"""Was what was taught learnt? One answer for all rules."""

from tasks.diagnosis.evidence import Evidence
from tasks.schemas.item_rows import AnswerMode
from tasks.schemas.result_rows import Comparison

CLOZE_MODES: tuple[AnswerMode, ...] = ("cloze", "cloze_mean", "cloze_prior")
CLEAR_GAIN = (
    0.5  # nats per token: a taught diagnosis became at least 1.6 times as likely, token by token
)
NO_GAIN = 0.1  # nats per token
# Of what the base did not know: of a tuning that worked, the tiny model knows .97 (laptop), a real
# one of 135 M parameters .94; with shuffled diagnoses 0
LEARNT_SHARE = 0.5
# Last training loss over the first: in the bench's healthy studies .36 at most, where nothing was
# learnt (noise, few updates, a tiny rate) .88 and more
FALLEN_LOSS_RATIO = 0.8


def has_learnt_pairs(evidence: Evidence) -> bool | None:
    """Whether the taught pairs, asked as questions, are answered better: true where that is shown,
    false where it is shown that most are not, none where it cannot be told.

    Shown is a gain; shown not, where the interval leaves out that LEARNT_SHARE of what could be
    gained was gained. Few questions tell neither. Likelihood alone does not tell: with shuffled
    diagnoses it rises too, since names of diagnoses as such become likelier. So it speaks only
    where the pairs were not asked in a mode that needs no option numbers.
    """
    train = evidence.select_comparisons("train")
    if any(row.verdict == "improved" for row in train):
        return True
    if asked := evidence.select_comparisons("train", *CLOZE_MODES):
        return None if any(_may_be_learnt(row) for row in asked) else False
    if evidence.likelihood_gain < NO_GAIN:
        return False
    return True if evidence.likelihood_gain >= CLEAR_GAIN else None


def _may_be_learnt(row: Comparison) -> bool:
    return row.difference.high >= LEARNT_SHARE * (1 - row.base.rate)


def has_training_loss_fallen(evidence: Evidence) -> bool:
    """Whether the training itself learnt something, be it only its own texts: by more than the
    jumps between updates explain.
    """
    first, last = evidence.loss_first, evidence.loss_last
    if first is None or last is None:
        return False
    return last + 2 * evidence.loss_error < FALLEN_LOSS_RATIO * first


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
