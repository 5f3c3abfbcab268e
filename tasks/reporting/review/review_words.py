"""What a person's review says, as messages for page, Markdown and terminal."""

from tasks.schemas.messages import Figure, Message, Share, Term, build_message
from tasks.schemas.result_rows import Rate
from tasks.schemas.rows.review_rows import Agreement, ReviewSummary


def describe_review(review: ReviewSummary | None) -> list[Message]:
    """How many were reviewed and what became of them, the share that is sound, how far checks and
    person agree, and which decisions were not used.
    """
    if review is None:
        return []
    count = review.outcomes.get
    told = [
        build_message(
            "review-counts",
            n=review.reviewed,
            kept=count("kept", 0),
            rejected=count("rejected", 0),
            mended=count("mended", 0),
        )
    ]
    if count("fell") or count("unmended"):
        told.append(
            build_message("review-fell", fell=count("fell", 0), unmended=count("unmended", 0))
        )
    if review.sound:
        parts = [_tell_rate(rate, kind) for kind, rate in review.by_kind.items()]
        of = tuple(parts) if len(parts) > 1 else ()
        whole = _tell_rate(review.sound)
        told.append(build_message("review-sound", parts=(whole, *of)))
    if review.agreement:
        told.append(_tell_agreement(review.agreement))
    elif refused := count("refused"):
        told.append(build_message("review-only-refused", n=refused))
    if undecided := count("undecided"):
        told.append(build_message("review-undecided", n=undecided))
    if unmatched := count("unmatched"):
        told.append(build_message("review-unmatched", n=unmatched))
    return told


def _tell_rate(rate: Rate, kind: str = "") -> Message:
    low, high = Share(rate.low), Share(rate.high)
    if kind:
        return build_message(
            "review-share-of",
            kind=Term("kinds", kind),
            share=Share(rate.rate),
            low=low,
            high=high,
            n=rate.n,
        )
    return build_message("review-share", share=Share(rate.rate), low=low, high=high, n=rate.n)


def _tell_agreement(agreement: Agreement) -> Message:
    return build_message(
        "review-agreement",
        n=agreement.n,
        agreed=agreement.both + agreement.neither,
        kappa=Figure(agreement.kappa, 2),
        low=Figure(agreement.low, 2),
        high=Figure(agreement.high, 2),
        stopped=agreement.only_person,
        missed=agreement.only_gate,
    )
