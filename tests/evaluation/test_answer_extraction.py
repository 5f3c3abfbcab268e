"""An answer is read as a careful person would read it; what is not clear is no answer."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.evaluation.answer_extraction import extract_answer

ILLS = ["انسداد شریان مرکزی شبکیه", "آپاندیسیت", "دیابت", "دیابت نوع ۲"]
DRUGS = ["2 mg", "20 mg", "Vitamin C", "Vitamin B12"]

CLEAR = {
    # numbers in three scripts, with and without marks
    "۲": 2,
    "٢": 2,
    "2": 2,
    " 2\n": 2,
    "۲.": 2,
    "(۳)": 3,
    "«۴»": 4,
    "**3**": 3,
    "۱-": 1,
    "2)": 2,
    "[4]": 4,
    "#1": 1,
    # a number and why
    "۲ چون علائم با التهاب آپاندیس سازگار است": 2,
    "3, because options 1 and 2 are too mild": 3,
    "۲. آپاندیسیت": 2,
    "2\nسؤال: بیمار دیگری\n۱. سل\n۳. تب": 2,
    "۳\n\nتوضیح: شبکیه در گزینه ۱ است": 3,
    # with words around it
    "گزینه ۲": 2,
    "گزینهٔ ۲": 2,
    "گزینه‌ی ۲": 2,
    "گزینه ی ۲": 2,
    "گزينه ٢": 2,
    "گزینه شماره ۴ صحیح است": 4,
    "پاسخ: ۳": 3,
    "پاسخ صحیح گزینهٔ ۳ می‌باشد.": 3,
    "پاسخ درست: (۱)": 1,
    "جواب ۴ است": 4,
    "شماره ۱": 1,
    "به نظر من پاسخ ۲ است، زیرا درد در ربع پایین راست است": 2,
    "The answer is B": 2,
    "the answer is (c).": 3,
    "The correct answer is 3, since 1 is rare.": 3,
    "Answer: D": 4,
    "Final answer:\n\n**B**": 2,
    "Option 2": 2,
    "I would choose option 4 here": 4,
    "I think it is 2.": 2,
    "Die Antwort ist 3": 3,
    "La réponse est B.": 2,
    "La respuesta correcta es la opción 4": 4,
    "الإجابة الصحيحة هي ٣": 3,
    # letters
    "B": 2,
    "b)": 2,
    "C. because": 3,
    "الف": 1,
    "ب": 2,
    "ج)": 3,
    "د.": 4,
    "گزینه الف": 1,
    "گزینهٔ «ب» صحیح است": 2,
    "پاسخ: ج": 3,
    # words for numbers
    "دو": 2,
    "گزینه دوم": 2,
    "گزینهٔ سوم درست است": 3,
    "اولی": 1,
    "first": 1,
    "the third option": 3,
    "The second one": 2,
    "گزینه آخر": 4,
    # the option itself
    "آپاندیسیت": 2,
    "اپاندیسیت": 2,
    "تشخیص این بیمار آپاندیسیت است.": 2,
    "انسداد شریان مرکزی شبکیه": 1,
    "دیابت نوع 2": 4,
    "دیابت": 3,
    "محتمل‌ترین تشخیص، دیابت نوع ۲ است": 4,
    # what is denied does not count
    "گزینه ۱ غلط است، گزینه ۳ درست است": 3,
    "B, not A": 2,
    "گزینه ۲ نیست. پاسخ گزینه ۴ است.": 4,
    "آپاندیسیت است نه دیابت": 2,
    "گزینه ۱ نیست، ۲ است": 2,
    "not 1 but 2": 2,
    "گزینه‌های ۲ و ۳ نادرست‌اند و گزینه ۱ درست است": 1,
    # as other programs like it
    "<answer>2</answer>": 2,
    "\\boxed{3}": 3,
    "$\\boxed{B}$": 2,
    "Of 2 signs one is new, so \\boxed{\\text{C}}.": 3,
    '{"answer": "B"}': 2,
    "Sure, I'd go with C.": 3,
    "It's B": 2,
    "Ｂ": 2,
    # thinking aloud before the answer
    "<think>maybe 1, or 3</think>\n2": 2,
}
UNCLEAR = [
    "",
    "   \n",
    "نمی‌دانم",
    "I do not know.",
    "5",
    "۰",
    "12",
    "۲۲",
    "2.5",
    "1-4",
    "۱ یا ۲",
    "۱ و ۳",
    "1, 2",
    "A or B",
    "گزینه‌های ۱ و ۳",
    "گزینه ۱ یا گزینه ۲",
    "The answer is 1 or 2.",
    "هیچ‌کدام",
    "همهٔ موارد",
    "هر دو",
    "۱\n۲\n۳\n۴",
    "۱. سل\n۲. آپاندیس",
    "گزینه ۲ درست نیست",
    "not A",
    "Option 3 is wrong.",
    "a viral infection",
    "The answer is a disease of the eye",
    "پاسخ یک بیماری است",
    "پس از 3 روز تب",
    "بیمار ۴ ساله است",
    "۳٪",
    "سؤال: بیمار دیگر\n۱. سل",
    "Question: 2",
    "آپاندیسیت یا دیابت",
    "آپاندیسیت در مرحلهٔ 3.",
    "1. انسداد شریان مرکزی شبکیه 2. آپاندیسیت 3. دیابت",
    "۲ و",
    "D-dimer is high",
    "C-section",
    "hepatitis B",
    "first aid",
    "دو گزینه درست است",
    "Only one option is correct",
    "4 گزینه",
    "C) دیابت نوع ۲",
    "The correct one",
    "۲. دیابت",  # number 2 with the text of option 3
    "::::",
    "E",
    "<think>شاید ۱",  # cut off before the answer
    "<think>\nThe answer is 2",
]


@pytest.mark.parametrize(("said", "number"), CLEAR.items())
def test_a_clear_answer_is_read(said, number):
    assert extract_answer(said, ILLS) == number


@pytest.mark.parametrize("said", UNCLEAR)
def test_what_is_not_clear_is_no_answer(said):
    assert extract_answer(said, ILLS) is None


@pytest.mark.parametrize(
    ("said", "number"),
    {
        "2 mg": 1,
        "20 mg daily": 2,
        "The dose is 2 mg.": 1,
        "The answer is 20 mg": 2,
        "Vitamin C": 3,
        "vitamin b12": 4,
        "It is Vitamin B12, not Vitamin C": 4,
        "2": 2,
        "5 mg": None,
        "2 ml": None,
        "Vitamin": None,
    }.items(),
)
def test_doses_and_names_with_letters_are_options_not_numbers(said, number):
    assert extract_answer(said, DRUGS, "en") == number


def test_no_letter_is_ever_read_as_another():
    for letters in (
        ["الف", "ب", "ج", "د"],
        ["A", "B", "C", "D"],
        ["a", "b", "c", "d"],
        ["۱", "۲", "۳", "۴"],
        ["اول", "دوم", "سوم", "چهارم"],
    ):
        assert [extract_answer(letter, ILLS) for letter in letters] == [1, 2, 3, 4]
        assert [extract_answer(f"گزینه {letter}", ILLS) for letter in letters] == [1, 2, 3, 4]
        assert [extract_answer(f"The answer is {letter}.", ILLS) for letter in letters] == [
            1,
            2,
            3,
            4,
        ]


def test_options_that_are_numbers_are_answered_by_their_place():
    assert extract_answer("۲", ["۴", "۳", "۲", "۱"]) == 2


def test_options_that_hold_signs_of_patterns_do_no_harm():
    assert extract_answer("a+b (c", ["a+b (c", "[d", "\\", "*"]) == 1


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_text_gives_an_option_or_none(said):
    assert extract_answer(said, ILLS) in (None, 1, 2, 3, 4)


@settings(deadline=None)
@given(
    st.integers(1, 4),
    st.text(alphabet=" \n\t.()*:«»", max_size=6),
    st.text(alphabet=" \n\t.()*:«»", max_size=6),
)
def test_marks_around_a_number_change_nothing(number, before, after):
    assert extract_answer(f"{before}{number}{after}", ILLS) == number
