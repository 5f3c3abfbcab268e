"""Which texts speak of a question: BM25 (Robertson 1994) on folded words, so that letter variants,
half-spaces and digit scripts do not hide a match.
"""

import logging
from collections.abc import Sequence

from tasks.language.text import fold_text, split_words


class TextIndex:
    """Texts that can be asked many questions."""

    def __init__(self, texts: Sequence[str]) -> None:
        import bm25s

        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it tells each index at DEBUG
        folded = [split_words(fold_text(text)) for text in texts]
        self._words = {word for words in folded for word in words}
        self._index = bm25s.BM25()
        if self._words:
            self._index.index(folded, show_progress=False)

    def rank_texts(self, question: str, best: int) -> list[int]:
        """The places of the best texts, the best first; only those that share a word with it."""
        asked = sorted(set(split_words(fold_text(question))) & self._words)
        if not asked:
            return []
        scores = self._index.get_scores(asked)
        ranked = sorted(range(len(scores)), key=lambda i: -scores[i])
        return [i for i in ranked[:best] if scores[i] > 0]


def rank_texts(question: str, texts: Sequence[str], best: int) -> list[int]:
    """The same of one question."""
    return TextIndex(texts).rank_texts(question, best)
