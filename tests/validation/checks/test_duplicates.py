"""Repeats are found in spite of spacing, letters, age and sex; other items are not; a hundred thousand are no trouble."""

import random
import time

import pytest
from support.items.planted_defects import change_age, make_good_items

from tasks.schemas.plan_sections import ValidationPlan
from tasks.validation.checks.duplicates import SeenItems

TEXT = "مرد ۵۰ ساله با تاری دید ناگهانی، بدون درد در یک چشم، بدون سابقه بیماری قلبی مراجعه کرده است"


@pytest.mark.parametrize(
    "other",
    [
        TEXT,
        TEXT.replace("ی", "ي").replace("ک", "ك"),
        TEXT.replace("۵۰", "۶۳").replace("مرد", "زن"),
        "زن ۵۰ ساله‌ای با تاری دید ناگهانی، بدون درد در یک چشم، بدون سابقهٔ بیماری قلبی، مراجعه کرده است.".replace(
            "ساله‌ای", "ساله"
        ),
        TEXT.replace("ناگهانی،", "ناگهانی ؛"),
        "مرد ۵۰ ساله بدون سابقه بیماری قلبی با تاری دید ناگهانی، بدون درد در یک چشم، مراجعه کرده است",
    ],
)
def test_same_vignette_is_noticed(other):
    seen = SeenItems("fa", ValidationPlan())
    seen.add_item("one", "pair", TEXT, "انسداد شریان مرکزی شبکیه")
    assert seen.find_repeated("pair", other, "انسداد شریان مرکزی شبکیه") == "one"


@pytest.mark.parametrize(
    ("other", "key"),
    [
        (TEXT, "جداشدگی شبکیه"),
        (TEXT.replace("بدون درد", "با درد شدید"), "انسداد شریان مرکزی شبکیه"),
        ("مرد ۵۰ ساله با تب و لرز و خلط زنگاری از سه روز پیش مراجعه کرده است", "پنومونی"),
    ],
)
def test_other_vignettes_are_not_repeats(other, key):
    seen = SeenItems("fa", ValidationPlan())
    seen.add_item("one", "pair", TEXT, "انسداد شریان مرکزی شبکیه")
    assert seen.find_repeated("pair", other, key) is None


def test_precision_and_recall_on_planted_duplicates():
    items = [
        (i.get("symptom") or i["question"], i.get("diagnosis") or i["options"][i["answer"] - 1])
        for _, i in make_good_items(300)
    ]
    seen, draw = SeenItems("fa", ValidationPlan()), random.Random(0)
    for n, (text, key) in enumerate(items):
        seen.add_item(str(n), "pair", text, key)
    changes = [
        change_age,
        lambda t: t.replace("\u200c", " "),
        lambda t: t + ".",
        lambda t: t.replace("ی", "ي"),
    ]
    found = [
        seen.find_repeated("pair", draw.choice(changes)(text), key) == str(n)
        for n, (text, key) in enumerate(items)
    ]
    wrong = [
        seen.find_repeated("pair", i.get("symptom") or i["question"], "نامی دیگر")
        for _, i in make_good_items(300, seed=5)
    ]
    assert sum(found) >= 0.97 * len(found) and not any(wrong)


@pytest.mark.bench
def test_cost_of_an_item_does_not_grow_with_their_number():
    seen, draw = SeenItems("fa", ValidationPlan()), random.Random(0)
    words = [f"واژه{n}" for n in range(3000)]
    cost = []
    for n in range(40_000):
        if n in (2_000, 38_000):
            began = time.process_time()
        text = " ".join(draw.choices(words, k=15))
        assert seen.find_repeated("pair", text, "نام") is None
        seen.add_item(str(n), "pair", text, "نام")
        if n in (4_000, 39_999):
            cost.append((time.process_time() - began) / 2_000)
    assert cost[1] <= 2 * cost[0]
