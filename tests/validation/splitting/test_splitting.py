"""Facts, splitting, keys and leaks, by themselves."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st
from support.items.gate_items import build_pair, build_question

from tasks.schemas.item_rows import Quote
from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.leakage import find_leaks
from tasks.validation.splitting import fact_split
from tasks.validation.splitting.answer_positions import balance_keys
from tasks.validation.splitting.fact_groups import assign_facts

FACTS = st.sampled_from([f"بیماری {c}" for c in "آبپتثجچحخد"])


def quoted(row, passage, start, end):
    return row.model_copy(
        update={
            "fact": "",
            "quote": Quote(passage_id=passage, page=1, start=start, end=end, text="…"),
        }
    )


def test_question_whose_key_is_a_taught_diagnosis_shares_its_fact():
    done = assign_facts(
        [quoted(build_pair(1, "آسم"), "p1", 0, 9)],
        [quoted(build_question(1, "", options=("سل", "آسم", "کروپ", "گریپ"), key=2), "p9", 0, 9)],
    )
    assert done.pairs[0].fact == done.questions[0].fact == "اسم"


def test_items_on_the_same_words_share_a_fact_unless_the_book_has_sections_for_both():
    one, other = (
        quoted(build_pair(1, "انفارکتوس"), "p1", 0, 40),
        quoted(build_pair(2, "سکته قلبی"), "p1", 10, 40),
    )
    assert len({p.fact for p in assign_facts([one, other], []).pairs}) == 1
    assert (
        len(
            {
                p.fact
                for p in assign_facts([one, other], [], frozenset(["انفارکتوس", "سکته قلبی"])).pairs
            }
        )
        == 2
    )
    apart = quoted(build_pair(3, "سکته قلبی"), "p1", 35, 90)
    assert (
        len({p.fact for p in assign_facts([one, apart], []).pairs}) == 2
    )  # 5 of 40 characters are not the same words


def test_given_facts_stand_and_join_pairs_of_one_diagnosis():
    pairs = [
        build_pair(1, "آسم/signs", "آسم"),
        build_pair(2, "", "آسم").model_copy(update={"fact": ""}),
    ]
    asked = [build_question(1, "آسم/complications", options=("آسم", "ب", "ج", "د"))]
    done = assign_facts(pairs, asked)
    assert [p.fact for p in done.pairs] == ["آسم/signs"] * 2 and done.questions[
        0
    ].fact == "آسم/complications"


@given(
    st.lists(FACTS, min_size=1, max_size=40),
    st.lists(FACTS, max_size=40),
    st.floats(0, 1),
    st.integers(0, 9),
)
def test_new_fact_shares_no_fact_with_training(taught, asked, share, seed):
    plan = ValidationPlan(new_fact_share=share, seed=seed, held_out_share=0.2)
    pairs, questions = (
        [build_pair(i, f) for i, f in enumerate(taught)],
        [build_question(i, f) for i, f in enumerate(asked)],
    )
    out = fact_split.choose_untaught_facts(pairs, questions, plan)
    done = fact_split.select_taught_pairs(pairs, out, None, plan)
    sets = fact_split.group_questions(questions, frozenset(p.fact for p in done.pairs))
    trained = {p.fact for p in done.pairs}
    assert (
        not trained & out
        and not trained & {q.fact for q in sets.new_fact}
        and {q.fact for q in sets.same_fact} <= trained
    )
    assert {p.fact for p in done.held_out} <= trained
    assert len(done.pairs) + len(done.held_out) + len(done.rejected) == len(pairs)
    assert len(sets.same_fact) + len(sets.new_fact) == len(questions)
    if set(taught) & set(asked):
        assert sets.same_fact  # one asked fact at least stays taught


@given(st.lists(FACTS, max_size=60), st.integers(0, 60))
def test_surplus_takes_turns_among_the_facts(facts, wanted):
    rows = [build_pair(i, f) for i, f in enumerate(facts)]
    done = fact_split.sample_in_turns(rows, wanted, lambda p: p.fact, "seed")
    assert len(done.kept) == min(wanted, len(rows)) and len(done.gone) == len(rows) - len(done.kept)
    kept, had = Counter(p.fact for p in done.kept), Counter(facts)
    assert all(kept[f] >= min(had[f], max(kept.values(), default=0) - 1) for f in had)


@given(st.lists(st.integers(1, 4), max_size=80), st.integers(0, 5))
def test_keys_are_balanced_and_still_right(answers, seed):
    questions = [build_question(i, f"بیماری {i}", key) for i, key in enumerate(answers)]
    done = balance_keys(questions, seed)
    for before, after in zip(questions, done, strict=True):
        assert sorted(before.options) == sorted(after.options)
        assert before.options[before.answer - 1] == after.options[after.answer - 1]
    counts = [sum(q.answer == place for q in done) for place in (1, 2, 3, 4)]
    assert max(counts) - min(counts) <= 1


def test_rising_numbers_keep_their_order_and_the_others_make_up_for_it():
    numeric = [
        build_question(i, "x", 4, options=("۱۰ سال", "۲۰ سال", "۳۰ سال", "۴۰ سال"))
        for i in range(3)
    ]
    done = balance_keys([*numeric, *(build_question(i, f"بیماری {i}") for i in range(10, 19))], 0)
    assert [q.options for q in done[:3]] == [q.options for q in numeric]
    assert Counter(q.answer for q in done) == dict.fromkeys((1, 2, 3, 4), 3)


RUN = "تنگی نفس شبانه و سرفهٔ خشک پس از ورزش در هوای سرد دارد"  # 13 words


def test_run_of_shared_words_is_a_leak_and_names_both():
    taught = [build_pair(1, "آسم", symptom=f"زن ۲۳ ساله‌ای که {RUN}")]
    asked = [
        build_question(1, "آسم", stem=f"دختری {RUN.replace('ی', 'ي')} و کدام بیماری را دارد؟"),
        build_question(2, "آسم", stem="کدام بیماری با سرفهٔ خشک است؟"),
    ]
    found = find_leaks(taught, asked, ValidationPlan())
    assert [(x.question.id, x.pair.id, x.reason.code) for x in found] == [
        ("question-0001", "pair-0001", "shared-words")
    ]
    assert not find_leaks(taught, asked, ValidationPlan(leak_ngram=14))


def test_same_words_in_another_order_are_a_leak():
    words = [
        "تب",
        "لرز",
        "تعریق",
        "رنگ\u200cپریدگی",
        "زردی",
        "طحال",
        "بزرگ",
        "ادرار",
        "تیره",
        "سردرد",
    ]
    taught = [build_pair(1, "مالاریا", symptom=" ".join(words))]
    asked = [
        build_question(
            1,
            "مالاریا",
            stem=" ".join(reversed(words)) + "؟",
            options=("مالاریا", "سل", "آسم", "کزاز"),
        )
    ]
    assert [x.reason.code for x in find_leaks(taught, asked, ValidationPlan())] == ["same-words"]


def test_frame_that_many_facts_share_is_no_leak():
    taught = [
        build_pair(
            i,
            f"بیماری {i}",
            symptom=f"بیمار میان‌سالی به درمانگاه آمده است و در معاینه نشانهٔ {i} و یافتهٔ {i * 7} و سابقهٔ {i * 13} دارد",
        )
        for i in range(5)
    ]
    asked = [
        build_question(
            1,
            "بیماری 1",
            stem="بیمار میان‌سالی به درمانگاه آمده است و در معاینه تب و لرز و خلط زنگاری دارد. کدام؟",
        )
    ]
    assert not find_leaks(taught, asked, ValidationPlan())


def test_leaks_of_ten_thousand_pairs_are_found_without_comparing_all():
    taught = [
        build_pair(
            i,
            f"بیماری {i}",
            symptom=" ".join(f"واژه{(i * 37 + j * 101) % 9973}" for j in range(14)),
        )
        for i in range(10_000)
    ]
    asked = [build_question(i, "x", stem=taught[i * 31].symptom + "؟") for i in range(100)]
    assert len(find_leaks(taught, asked, ValidationPlan())) == 100
