"""The words that the checks look for, one table a language; a language without a table has only
what all share.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from tasks.language import persian
from tasks.language.text import fold_text
from tasks.validation.term_matching import fold_cached


class LanguagePatterns(NamedTuple):
    """Words and patterns of one language, compared with folded text."""

    negations: frozenset[str] = frozenset()
    denying_verbs: frozenset[str] = frozenset()  # at a clause's end they turn its sense round
    denying_next: frozenset[str] = frozenset()  # they deny the word that follows: «بدون تب»
    denied_after: frozenset[str] = frozenset()  # right behind a word they deny it: «تب نیست»
    clause: str = r"[.؛;،,\n]"  # where clauses are parted
    function_words: frozenset[str] = frozenset()
    sexes: frozenset[str] = (
        frozenset()
    )  # words that tell a patient's sex; near duplicates differ only in them
    age: str = r"\b\d{1,3}\b"  # a number that is an age, as a pattern
    years: str = r"(?!)"  # an age in years
    all_or_none: str = r"(?!)"
    absolute: frozenset[str] = frozenset()
    question_words: frozenset[str] = frozenset()
    negative_stem: str = r"(?!)"  # the stem asks what does not hold
    # «unlike X»: its negation tells two conditions apart, it does not ask for what is wrong
    contrast: str = r"(?!)"
    marked_negative: str = r"\*\*|__|<u>|<b>"  # how a negative word is set off
    told_answer: str = r"(?!)"  # the stem or an option tells the key
    either: str = r"(?!)"  # joins two names: «یا»
    also: str = r"(?!)"  # joins two things: «و»
    placeholder: str = r"(?!)"
    source: str = r"(?!)"  # speaks of a text that the person who answers does not see
    act: str = r"(?!)"  # opens what is done about a disease, not its name
    number_words: Mapping[str, str] = MappingProxyType({})  # folded word → its digits
    endings: tuple[str, ...] = ()  # written after a half-space
    typical: tuple[
        str, ...
    ] = ()  # ordinary word order of vignettes and stems, to notice reversed words


def _numbered(words: str, first: int = 1) -> Mapping[str, str]:
    """Words for first, first + 1, …"""
    return MappingProxyType(
        {fold_text(word): str(number) for number, word in enumerate(words.split(), first)}
    )


def _fold_words(words: str) -> frozenset[str]:
    return frozenset(fold_text(word) for word in words.split())


PERSIAN_PATTERNS = LanguagePatterns(
    negations=_fold_words(" ".join(persian.NEGATIONS))
    | _fold_words("نمی‌شود نمی‌کند نمی‌دهد نمی‌یابد نمی‌گیرد نیستند نبودند ندارند نداشتند")
    | _fold_words("نشوند بی"),
    denying_verbs=_fold_words(
        "نیست نیستند نبود ندارد ندارند نداشت نمی‌شود نمی‌شوند نمی‌دهد نمی‌یابد نمی‌کند نشده نباید"
    ),
    denying_next=_fold_words("بدون فاقد عدم غیر هیچ نبود نه بی"),
    denied_after=_fold_words(
        "نیست نیستند نبود نبودند ندارد ندارند نداشت نداشتند نمی‌شود نمی‌شوند نمی‌دهد نمی‌یابد"
        " نمی‌کند نمی‌گیرد نشده نشوند نکرده نباید نمی"
    ),
    clause=r"[.؛;،,\n]|\b(?:ولی|اما|بلکه|هرچند)\b"
    # «و» parts two clauses where a verb stands before it: Persian verbs close their clause
    + "".join(
        f"|(?<={verb}) و "
        for verb in [
            "است",
            "نیست",
            "دارد",
            "ندارد",
            "شود",
            "شوند",
            "کند",
            "کنند",
            "باشد",
            "یابد",
            "گیرد",
            "دهد",
            "بود",
            "شد",
            "رود",
        ]
    ),
    function_words=_fold_words(
        " ".join(persian.FUNCTION_WORDS)
        + " کدام زیر چه چیست کدام‌یک از میان بیمار بیماری او وی آن‌ها نیز اما ولی پس پیش هنگام"
        " همراه مانند سال ساله ساله‌ای مرد زن خانم آقای آقا دچار دارد دارند می‌شود می‌کند شکایت"
        " مراجعه است بوده بود شد هستند باشد روی دو سه نوع بیشتر"
    ),
    sexes=_fold_words(
        "مرد مردی زن زنی خانم خانمی آقا آقای آقایی پسر پسری دختر دختری پسربچه دختربچه پسرکی پیرمرد"
        " پیرمردی پیرزن پیرزنی"
    ),
    age=r"\b\d{1,3}(?=\s?(?:سال|ماه|روز|هفته)(?:ه|ه‌?ای|گی)?\b)",
    years=r"\b\d+(?= ?سال)",
    all_or_none=(
        r"(?:موارد?|گزینه(?: ?های?)?) ?(?:[1-4]|الف|ب|ج|د)(?:،? ?[1-4بجد])*،? و"
        r" (?:[1-4]|ب|ج|د)\b|(?:همه|همهی|تمام|هیچ ?کدام|هیچ"
        r" ?یک)\b.{0,12}(?:موارد|گزینه|بالا|فوق|زیر|درست|صحیح)|^هیچ"
        r" ?(?:کدام|یک)\.?$|^(?:همه|تمام)(?: آنها)?\.?$"
        r"|گزینه ?(?:های)? ?(?:[1-4]|الف|ب|ج|د) و (?:[1-4]|الف|ب|ج|د)|^(?:الف|ب|ج|[1-4]) و"
        r" (?:ب|ج|د|[1-4])$|^هر (?:دو|سه|چهار)(?: مورد| گزینه)?"
    ),
    number_words=_numbered(
        "یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده"
        " بیست"
    ),
    absolute=_fold_words("همیشه هرگز همواره هیچ‌گاه هیچگاه هیچ‌وقت مطلقا"),
    question_words=_fold_words("کدام کدام‌یک چیست چه چند چرا چگونه کجا کی کدامند کدام‌اند"),
    negative_stem=(
        r"\b(?:به ?جز|بجز|به ?استثنای|غیر"
        r" از)\b|\b(?:نیست|نیستند|نادرست|غلط|نامحتمل)\b[^.؟?]{0,12}[؟?]|"
        r"کدام(?: ?یک)?[^؟?]{0,40}"
        r"(?:موارد|مورد|گزینه|عبارت|جمله|نشانه|علامت|علایم|عارضه|عوارض|یافته|ویژگی)"
        r"[^؟?]{0,60}\b(?:نمی ?\w+|ندارد|نبوده|نباشد)\s*[؟?]"
    ),
    contrast=r"بر ?خلاف|بر ?عکس|متمایز|افتراق|جدا |تفکیک",
    marked_negative=r"\*\*|__|<u>|<b>|«(?:به.?جز|نیست|نادرست|غلط|ندارد|نمی\S*)»",
    told_answer=(
        r"(?:پاسخ|جواب|گزینه) ?(?:ی|های)? ?(?:درست|صحیح)? ?[:：=]|\((?:پاسخ"
        r" )?(?:درست|صحیح|پاسخ)\)|✓|✔"
    ),
    either=r" (?:یا|و ?/ ?یا) ",
    also=r" و ",
    placeholder=(
        r"^(?:گزینه|تشخیص|بیماری|مورد|پاسخ)?$|^(?:گزینه|تشخیص|مورد|پاسخ)"
        r" ?(?:[1-4]|الف|ب|ج|د|نخست|اول|دوم|سوم|چهارم)?$|^(?:نامشخص|نامعلوم|ندارد|موردی نیست|هیچ)$"
    ),
    source=(
        r"(?:متن|بخش|قطعه|پاراگراف|جمله)(?:ی)? (?:بالا|فوق|زیر|کتاب|داده ?شده|ارایه ?شده|یاد"
        r" ?شده)|(?:طبق|مطابق|براساس|بر اساس|بر پایه|باتوجه به|با توجه به|در) (?:این"
        r" )?(?:متن|کتاب|پاراگراف)\b"
    ),
    act=r"^(?:رد|درمان|بررسی|ارجاع|پیگیری|تجویز|جراحی برای|احتمال) ",
    endings=("هایی", "های", "ها"),
    typical=(
        "مرد 5 ساله‌ای با",
        "مرد 5 ساله با سابقه",
        "زن 5 ساله‌ای با",
        "زن 5 ساله با",
        "کودک 5 ساله‌ای با",
        "پسر 5 ساله با",
        "دختر 5 ساله با",
        "آقای 5 ساله‌ای با",
        "خانم 5 ساله‌ای با",
        "بیمار 5 ساله با",
        "مراجعه کرده است.",
        "شکایت دارد.",
        "محتمل‌ترین تشخیص کدام است؟",
        "کدام یک از موارد زیر",
        "کدام گزینه درست است؟",
        "کدام بیماری",
        "از عوارض",
        "دیده می‌شود؟",
        "است؟",
        "بدون سابقه بیماری",
        "از چند روز پیش",
        "دچار شده است.",
        "در معاینه",
        "کدام است؟",
    ),
)
ENGLISH_PATTERNS = LanguagePatterns(
    denying_next=_fold_words(
        "no not never without neither nor cannot lacks absent non isn't aren't doesn't don't"
    ),
    denied_after=_fold_words("not never cannot isn't aren't doesn't don't"),
    negations=_fold_words(
        "no not none never without neither nor cannot lacks absent non isn't aren't doesn't don't"
    ),
    function_words=_fold_words(
        "the a an of and or in on at to for with by from is are was were be been has have had this"
        " that these those which what who whom whose it its as than most likely following patient"
        " diagnosis year old man woman boy girl presents presenting case one two three more can may"
        " does do"
    ),
    sexes=_fold_words("man woman male female boy girl lady gentleman mr mrs ms he she his her"),
    age=r"\b\d{1,3}(?=[\s-]?(?:years?|months?|days?|weeks?|yo|y/o)\b)",
    years=r"\b\d+(?= ?years?\b| y ?o\b)",
    all_or_none=(
        r"\b(?:all|none|both|any|neither) of (?:the |these|those)|^(?:all|none|both)$|^[a-d]"
        r" (?:and|&) [a-d]$|\boptions? [1-4a-d] and"
    ),
    absolute=_fold_words("always never invariably absolutely"),
    number_words=_numbered(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen twenty"
    ),
    question_words=_fold_words("which what who when where why how whose"),
    negative_stem=(
        r"\b(?:not|except|(?<!at )(?<!at the )least|false|incorrect|untrue)\b[^.?]{0,60}[?:]?$"
    ),
    contrast=r"\bunlike\b|in contrast|distinguish|differentiate",
    marked_negative=r"\*\*|__|<u>|<b>|\b(?:NOT|EXCEPT|LEAST|FALSE|INCORRECT|UNTRUE)\b",
    told_answer=r"\b(?:correct )?answer ?(?:is|:|=)|\((?:correct|right|answer)\)|✓|✔",
    either=r" (?:or|and/or) ",
    also=r" and ",
    source=(
        r"\b(?:the|this) (?:passage|text|excerpt|paragraph|section) (?:above|below)|(?:according"
        r" to|based on|in) (?:the|this) (?:passage|text|excerpt|paragraph|book)\b"
    ),
    act=r"^(?:rule out|r/?o|treatment of|management of|history of) ",
    placeholder=(
        r"^(?:option|choice|answer|diagnosis|disease)?$|^(?:option|choice|answer)"
        r" ?[1-4a-d]$|^(?:n/?a|unknown|none|unclear)$"
    ),
    typical=(
        "a 5 year old man with",
        "a 5 year old woman presents with",
        "which of the following is",
        "what is the most likely diagnosis?",
        "is the most",
    ),
)
PATTERNS_BY_LANGUAGE = {"fa": PERSIAN_PATTERNS, "en": ENGLISH_PATTERNS}


def get_language_patterns(language: str) -> LanguagePatterns:
    """The table of a language; an empty one where we have none."""
    return PATTERNS_BY_LANGUAGE.get(language, LanguagePatterns())


def search_folded(pattern: str, text: str) -> re.Match[str] | None:
    """Search in the folded text, half-spaces as blanks."""
    return re.search(pattern, fold_cached(text.replace(persian.ZWNJ, " ")), re.IGNORECASE)


def match_negative_stem(stem: str, words: LanguagePatterns) -> re.Match[str] | None:
    """The stem asks for what does not hold."""
    return None if search_folded(words.contrast, stem) else search_folded(words.negative_stem, stem)
