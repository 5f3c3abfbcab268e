"""Which texts speak of a question: BM25 (Robertson 1994) on folded words, so that letter variants,
half-spaces and digit scripts do not hide a match.
"""

from collections.abc import Sequence

from tasks.language.text import fold_text, split_words


def rank_texts(question: str, texts: Sequence[str], best: int) -> list[int]:
    """The places of the best texts, the best first; only those that share a word with it."""
    import bm25s

    folded = [split_words(fold_text(text)) for text in texts]
    asked = sorted(set(split_words(fold_text(question))) & {w for words in folded for w in words})
    if not asked:
        return []
    index = bm25s.BM25()
    index.index(folded, show_progress=False)
    scores = index.get_scores(asked)
    ranked = sorted(range(len(texts)), key=lambda i: -scores[i])
    return [i for i in ranked[:best] if scores[i] > 0]
