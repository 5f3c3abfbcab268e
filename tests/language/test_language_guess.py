"""The language of a book is guessed by its small words, so that a plan in another one is told."""

import pytest

from tasks.language.language_guess import (
    find_other_language,
    guess_language,
    measure_shares,
)
from tasks.language.language_pack import load_text
from tasks.language.text import normalize_text

TEXTS = {
    "de": """Die Lungenentzündung ist eine Entzündung des Lungengewebes, die meist durch Bakterien
        ausgelöst wird. Sie beginnt oft plötzlich mit hohem Fieber und Schüttelfrost, und der Husten
        ist zunächst trocken. Bei älteren Menschen können diese Zeichen fehlen, so dass nur Verwirrtheit
        auffällt. Im Röntgenbild sieht man eine Verschattung. Die Behandlung richtet sich nach dem Erreger
        und nach der Schwere; in leichten Fällen genügt ein Antibiotikum zum Einnehmen, während schwere
        Fälle in einem Krankenhaus behandelt werden müssen.""",
    "fr": """La pneumonie est une infection des poumons qui est le plus souvent causée par une bactérie.
        Elle commence d'habitude par une fièvre élevée avec des frissons, et la toux est d'abord sèche.
        Chez les personnes âgées, ces signes peuvent manquer et seule une confusion attire l'attention.
        La radiographie montre une opacité dans un lobe. Le traitement dépend du germe et de la gravité :
        dans les cas légers un antibiotique par la bouche suffit, alors que les cas graves sont traités à
        l'hôpital par voie veineuse.""",
    "es": """La neumonía es una infección de los pulmones que se debe en la mayoría de los casos a una
        bacteria. Suele empezar de forma brusca con fiebre alta y escalofríos, y la tos al principio es
        seca. En las personas mayores estos signos pueden faltar y solo llama la atención la confusión. La
        radiografía muestra una opacidad en un lóbulo. El tratamiento depende del germen y de la gravedad:
        en los casos leves basta con un antibiótico por la boca, y los graves se tratan en el hospital.""",
    "tr": """Zatürre akciğerlerin bir iltihabıdır ve çoğu zaman bakteriler ile ortaya çıkar. Yüksek ateş
        ve titreme ile ansızın başlar, öksürük ise başlangıçta kurudur. Yaşlılarda bu belirtiler olmayabilir
        ve yalnızca bilinç bulanıklığı dikkat çeker. Göğüs filminde bir gölge görülür. Tedavi mikroba ve
        hastalığın ağırlığına göre seçilir; hafif olgularda ağızdan alınan bir antibiyotik yeterlidir, ağır
        olgular ise hastanede damar yolu ile tedavi edilir. Bu hastalık çok yaygın olarak görülür ve her
        yaşta ortaya çıkabilir, ama çocuklar için daha tehlikelidir.""",
    "ru": """Пневмония — это воспаление лёгких, которое чаще всего вызывают бактерии. Болезнь начинается
        внезапно с высокой температуры и озноба, а кашель в начале сухой. У пожилых людей эти признаки
        могут отсутствовать, и на первый план выходит спутанность сознания. На снимке видна тень в одной из
        долей. Лечение зависит от возбудителя и от тяжести: при лёгком течении достаточно антибиотика
        внутрь, а тяжёлых больных лечат в больнице. Прогноз у молодых людей хороший, но для ослабленных
        больных эта болезнь опасна.""",
    "ar": """الالتهاب الرئوي هو التهاب في نسيج الرئة تسببه في أغلب الحالات الجراثيم. يبدأ المرض فجأة مع حمى
        عالية ورعشة، وقد يكون السعال جافا في البداية ثم يصبح مع البلغم. قد تغيب هذه العلامات عند كبار السن ولا
        يلاحظ إلا الارتباك. تظهر صورة الصدر عتامة في أحد الفصوص. يعتمد العلاج على نوع الجرثومة وعلى شدة المرض،
        ففي الحالات الخفيفة يكفي مضاد حيوي عن طريق الفم، أما الحالات الشديدة التي لا تتحسن فيجب أن تعالج في
        المستشفى بعد أن يقيمها الطبيب.""",
    "en": load_text("packs/general.txt", "en"),
    "fa": load_text("packs/general.txt", "fa"),
}


@pytest.mark.parametrize("language", TEXTS)
def test_each_language_is_told_from_all_others_also_after_persian_letters_were_put_in(language):
    for text in (TEXTS[language], normalize_text(TEXTS[language], "fa")):
        found = guess_language(text)
        assert found and found.code == language and found.share >= 0.16
        shares = sorted(measure_shares(text).values())
        assert shares[-1] >= 1.2 * shares[-2], "too near the next language"


@pytest.mark.parametrize("expected", TEXTS)
def test_a_plan_in_another_language_is_told_in_both_directions_and_the_right_one_is_not(expected):
    for language, text in TEXTS.items():
        other = find_other_language(text, expected)
        assert (other.code if other else expected) == language


def test_scripts_of_one_language_need_no_words():
    assert guess_language("폐렴은 폐의 염증으로 대부분 세균에 의해 발생한다" * 5).code == "ko"
    assert guess_language("肺炎は主に細菌によって起こる肺の炎症である" * 5).code == "ja"
    assert guess_language("肺炎是由细菌引起的肺部炎症" * 10).code == "zh"


@pytest.mark.parametrize("text", ["", "too few words to tell", "x1 y2 z3 " * 100, "۱۲ ۳۴ " * 100])
def test_what_tells_no_language_is_not_guessed(text):
    assert guess_language(text) is None and find_other_language(text, "fa") is None


def test_a_language_without_a_list_is_not_taken_for_its_kin_without_need():
    assert find_other_language(TEXTS["en"], "xx").code == "en"
