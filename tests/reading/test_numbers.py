"""Numbers and units come out of a Persian page as they went in."""

import pytest
from reading.made import PrintedBook

from tasks.language import text
from tasks.reading.pdf import read_pages
from tasks.schemas.plan_sections import ReadingPlan

LINES = [
    "قند خون ناشتا ۱۲۶ میلی\u200cگرم در دسی\u200cلیتر یا بالاتر است.",
    "فشار خون ۱۴۰/۹۰ میلی\u200cمتر جیوه پرفشاری است.",
    "در اورژانس فشار به ۲۲۰/۱۲۰ رسید.",
    "مقدار HbA1c برابر 6.5% بود.",
    "هموگلوبین A1c از ۵.۷٪ تا ۶.۴٪ پیش\u200cدیابت است.",
    "گلبول سفید 4.5×10⁹/L است.",
    "پلاکت ۱۵۰×10⁹/L گزارش شد.",
    "متفورمین 2000 mg در روز حداکثر است.",
    "دوز ۵۰۰ میلی\u200cگرم دو بار در روز آغاز می\u200cشود.",
    "استامینوفن 15 mg/kg هر ۶ ساعت داده شد.",
    "سرعت 30 mL/min/1.73 m² نارسایی شدید است.",
    "کلیرانس کمتر از 60 mL/min بود.",
    "پتاسیم سرم 3.5 mEq/L بود.",
    "سدیم ۱۳۵ تا ۱۴۵ میلی\u200cاکی\u200cوالان است.",
    "دما به 38.5°C رسید.",
    "اشباع اکسیژن ۹۴٪ بود.",
    "بیمار ۵۰ ساله با سابقهٔ ۲۰ سال سیگار آمد.",
    "ویتامین B12 زیر 200 pg/mL بود.",
    "ویتامین D3 هفته\u200cای 50000 IU تجویز شد.",
    "عفونت COVID-19 تأیید شد.",
    "سطح T4 طبیعی و TSH بالا بود.",
    "غلظت 0.9% نمکی تزریق شد.",
    "سرم قندی ۵٪ آماده شد.",
    "نسبت FEV1/FVC کمتر از 0.70 بود.",
    "مقدار pH برابر 7.35 و HCO3 برابر 24 بود.",
    "مهرهٔ L4 دچار شکستگی بود.",
    "بازهٔ سنی ۴۰–۶۰ سال است.",
    "هر ۶-۸ ساعت تکرار شود.",
    "تاریخ بازبینی ۱۴۰۳/۰۵/۲۱ است.",
    "تاریخ میلادی 2024-08-11 ثبت شد.",
    "ساعت ۱۲:۳۰ بستری شد.",
    "شماره تلفن ۰۲۱-۸۸۹۰ است.",
    "وزن نوزاد 3200 g بود.",
    "قد ۱٫۷۵ متر و وزن ۷۲٫۵ کیلوگرم است.",
    "هزینه ۱٬۲۵۰٬۰۰۰ تومان شد.",
    "شیوع 1 در 10,000 تولد است.",
    "انسولین glargine به مقدار 10 U شب\u200cها داده شد.",
    "داروی Losartan 50 mg روزانه مصرف می\u200cکند.",
    "داروهای Amlodipine، Losartan و Hydrochlorothiazide به کار می\u200cروند.",
    "قرص آسپرین (Aspirin) 81 میلی\u200cگرم است.",
    "تزریق Ceftriaxone (۱ گرم) انجام شد.",
    "بیماری دیابت نوع ۲ (Type 2 Diabetes Mellitus) شایع است.",
    "امتیاز GCS 15 ثبت شد.",
    "نسبت ۱:۴ رعایت شود.",
    "ضربان ۱۲۰ bpm و تنفس ۲۴ بود.",
    "حجم ۲۵۰ mL در ۳۰ دقیقه تزریق شود.",
    "فیبرینوژن < ۱۰۰ و دی\u200cدایمر > ۵۰۰ بود.",
    "جهش BRCA1 و HER2 بررسی شد.",
    "پروتئین ۳+ در ادرار بود.",
    "اختلاف ±۲ انحراف معیار پذیرفتنی است.",
    "کراتینین از ۱/۲ به ۲/۴ افزایش یافت.",
    "گاز CO2 برابر ۴۰ mmHg بود.",
]


@pytest.fixture(scope="module")
def read_back(tmp_path_factory: pytest.TempPathFactory) -> str:
    book = PrintedBook()
    for line in LINES:
        book.print_text(line)
    return "\n".join(
        page.text
        for page in read_pages(
            book.save_pdf(tmp_path_factory.mktemp("numbers")), ReadingPlan(), "fa", workers=1
        )
    )


def test_at_least_fifty_lines_are_tried() -> None:
    assert len(LINES) >= 50


@pytest.mark.parametrize("line", LINES)
def test_a_line_with_numbers_comes_back_unharmed(line: str, read_back: str) -> None:
    assert text.normalize_text(line) in read_back.split("\n")
