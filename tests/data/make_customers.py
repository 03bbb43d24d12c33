"""Write notebooks/data/customers.csv: 5,000 invented customers, 40 of them dirty.

The same file on every machine: one seeded source of chance, whole numbers only.
Nobody in it is real; every address is on a domain reserved for examples.
"""

# ruff: noqa: RUF001
# The names are meant: a dotless i and a Cyrillic a are what these people write.

from __future__ import annotations

import csv
import io
import random
import unicodedata
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

CUSTOMERS = Path(__file__).resolve().parents[2] / "notebooks" / "data" / "customers.csv"

ROWS = 5_000
COLUMNS = (
    "customer_id",
    "email",
    "first_name",
    "last_name",
    "country",
    "city",
    "plan",
    "signup_date",
    "last_seen",
    "lifetime_value",
    "orders",
    "newsletter",
    "notes",
)

# One line per country: its share of the customers; first names; last names; cities.
# A name in another script carries the Latin spelling that its address is made of.
PLACES = (
    (14, "United States", "Olivia Liam Emma Noah Ava Mason Harper Logan Zoe Caleb Nora Wyatt",
     "Baker Carter Diaz Ellis Foster Greene Hughes Jenkins Morgan Parker O'Neill Smith-Jones",
     "Austin,Boston,Chicago,Denver,Portland,San José"),
    (9, "United Kingdom", "Amelia Oliver Isla Harry Poppy Alfie Freya Callum Imogen Rhys",
     "Ashworth Bennett Clarke Davies Fletcher Hartley Llewellyn Marsh Pemberton Whitfield",
     "London,Leeds,Bristol,Glasgow,Cardiff"),
    (9, "Germany", "Jürgen Käthe Lukas Sophie Björn Anneliese Götz Mareike Thorsten Heidi",
     "Müller Schäfer Groß Weiß Vogel Krämer Lehmann Brückner Hübner Jäger",
     "Berlin,München,Köln,Düsseldorf,Görlitz"),
    (8, "France", "Zoé Théo Chloé Léa Hélène François Anaïs Jérôme Maëlle Loïc",
     "Lefèvre Dubois Garnier Béranger Chevalier D'Aubigné Noël Pélissier Roux Thévenot",
     "Paris,Lyon,Orléans,Besançon,Saint-Étienne"),
    (7, "Spain", "Lucía Martín Íñigo Begoña Álvaro Inés Joaquín Nuria Sofía Andrés",
     "García Muñoz Núñez Ibáñez Peña Ordóñez Vázquez Rodríguez Echeverría Castaño",
     "Madrid,Málaga,Córdoba,A Coruña,Cádiz"),
    (7, "Brazil", "João Letícia Antônio Conceição Thaís Caetano Luísa Otávio Fabrício Inês",
     "Gonçalves Araújo Conceição Magalhães Simões Sant'Anna Assunção Cândido Leitão Brandão",
     "São Paulo,Brasília,Belém,Florianópolis,Goiânia"),
    (5, "Poland", "Łukasz Małgorzata Paweł Agnieszka Stanisław Żaneta Wojciech Grażyna",
     "Wójcik Kowalczyk Dąbrowska Zieliński Szymańska Woźniak Król Jabłońska",
     "Łódź,Kraków,Gdańsk,Poznań,Wrocław"),
    (4, "Sweden", "Åsa Björn Göran Märta Örjan Linnéa Håkan Elsa",
     "Åkesson Öberg Lindström Sjögren Nyström Hägg Bergqvist Ström",
     "Göteborg,Malmö,Umeå,Örebro"),
    (3, "Iceland", "Þóra Guðrún Sigurður Æsa Hjörtur Ásdís",
     "Jónsdóttir Þorsteinsson Guðmundsdóttir Sæmundsson Ólafsdóttir",
     "Reykjavík,Akureyri,Ísafjörður"),
    (4, "Türkiye", "Çağla Ömer Şebnem Gökhan Işıl İbrahim Tuğba Ümit",
     "Yıldız Çelik Şahin Öztürk Aydın Güneş Kılıç Doğan",
     "İstanbul,İzmir,Eskişehir,Muğla"),
    (3, "Vietnam", "Hương Tuấn Ngọc Đức Thảo Quỳnh Minh Ánh",
     "Nguyễn Trần Lê Phạm Đặng Võ Bùi Đỗ",
     "Hà Nội,Đà Nẵng,Huế,Cần Thơ"),
    (3, "Nigeria", "Chidi Adébáyọ̀ Ngozi Tóbi Yétúndé Emeka Funmiláyọ̀ Zainab",
     "Okonkwo Adéyẹmí Ògúnbíyí Eze Balogun Nwosu Abubakar Ọláníyan",
     "Lagos,Ìbàdàn,Abuja,Kano"),
    (3, "Greece", "Νίκος:nikos Ελένη:eleni Γιώργος:giorgos Σοφία:sofia Δημήτρης:dimitris",
     "Παπαδάκης:papadakis Αντωνίου:antoniou Βλάχος:vlachos Ζήση:zisi Οικονόμου:oikonomou",
     "Αθήνα,Πάτρα,Ηράκλειο"),
    (3, "Ukraine", "Оксана:oksana Тарас:taras Ілля:illia Соломія:solomiia Богдан:bohdan",
     "Шевчук:shevchuk Коваль:koval Гнатюк:hnatiuk Бойко:boiko Щербак:shcherbak",
     "Київ,Львів,Одеса,Чернівці"),
    (3, "Georgia", "ნინო:nino გიორგი:giorgi თამარ:tamar ლევან:levan",
     "ბერიძე:beridze კაპანაძე:kapanadze გელაშვილი:gelashvili ლომიძე:lomidze",
     "თბილისი,ბათუმი"),
    (3, "Israel", "נועה:noa יואב:yoav תמר:tamar איתי:itay שירה:shira",
     "לוי:levi מזרחי:mizrahi פרידמן:friedman ביטון:biton אזולאי:azulay",
     "תל אביב,חיפה,ירושלים"),
    (3, "Egypt", "مريم:maryam يوسف:youssef سلمى:salma كريم:karim ليلى:layla",
     "حسن:hassan منصور:mansour الشريف:elsherif فوزي:fawzy عبدالله:abdallah",
     "القاهرة,الإسكندرية,أسوان"),
    (4, "India", "आरव:aarav प्रिया:priya अनन्या:ananya रोहन:rohan मीरा:meera",
     "शर्मा:sharma पटेल:patel अय्यर:iyer गुप्ता:gupta कुलकर्णी:kulkarni",
     "मुंबई,दिल्ली,पुणे,जयपुर"),
    (2, "Thailand", "มาลี:mali สมชาย:somchai ปวีณา:paweena อนันต์:anan",
     "แสงทอง:saengthong ใจดี:jaidee วงศ์สุข:wongsuk",
     "กรุงเทพฯ,เชียงใหม่"),
    (4, "China", "伟:wei 静:jing 子涵:zihan 浩然:haoran 雨桐:yutong",
     "王:wang 李:li 欧阳:ouyang 陈:chen 赵:zhao",
     "上海,成都,西安,广州"),
    (4, "Japan", "さくら:sakura 蓮:ren 結衣:yui ケンジ:kenji 陽菜:hina",
     "佐藤:sato 髙橋:takahashi 渡邊:watanabe 小林:kobayashi 山﨑:yamazaki",
     "東京,大阪,札幌,京都"),
    (3, "South Korea", "서연:seoyeon 민준:minjun 하은:haeun 도윤:doyun",
     "김:kim 이:lee 박:park 최:choi 남궁:namgung",
     "서울,부산,대구"),
)  # fmt: skip

# Share of the customers, plan, cents of an order.
PLANS = ((55, "free", 0), (25, "basic", 1_900), (15, "pro", 7_900), (5, "enterprise", 64_000))

NOTES = (
    "called on Monday, wants an invoice, not a receipt",
    'asked for the "family" discount',
    "VIP ⭐️ be nice",
    "moved house;\nnew address to follow",
    "prefers email\n\nnever phone",
    "happy customer 🎉👩🏽‍💻, would recommend",
    'said: "fine, but slow", twice',
    "מעדיפה שיחה בעברית, לא באנגלית",
    "يفضل التواصل باللغة العربية",
    "=SUM(A1:A9) was typed into the form",
    "<b>bold</b> & proud",
    "tab\there, comma, there",
    "C:\\customers\\new",
    "naïve café owner, 100% cacao",
    "-",
)

# The dirty rows, by kind. They take turns, every 121 rows, so that even the
# first thousand rows hold one of each.
FIRST_DIRTY, DIRTY_STEP = 60, 121
KINDS = {
    "email_empty": 6,
    "email_without_at": 6,
    "customer_id_missing": 5,
    "customer_id_twice": 5,
    "trailing_space": 6,
    "typed_null": 4,
    "absurd_value": 4,
    "future_signup": 4,
}
ABSURD_VALUES = ("99999999999.99", "-250000.00", "1e15", "-0.01")
DOMAINS = ("example.com", "example.org", "example.net")
# Letters that are no base letter with a mark, so that taking the marks off keeps them.
LATIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "ı": "i"}
)

Row = dict[str, str]


def main() -> None:
    """Write the file."""
    CUSTOMERS.write_text(customers_csv(), encoding="utf-8", newline="")


def customers_csv() -> str:
    """Return the text of the file, its lines ended by a line feed alone."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(customers())
    return out.getvalue()


def customers() -> list[Row]:
    """Return every customer, the dirty ones included."""
    dice = random.Random("customers")
    rows = [_customer(number, dice) for number in range(1, ROWS + 1)]
    for kind, positions in dirty_rows().items():
        for turn, position in enumerate(positions):
            rows[position] |= _soiled(kind, turn, rows, position)
    return rows


def dirty_rows() -> dict[str, list[int]]:
    """Return the positions of the dirty rows of each kind."""
    left = dict(KINDS)
    found: dict[str, list[int]] = {kind: [] for kind in KINDS}
    position = FIRST_DIRTY
    while any(left.values()):
        for kind in [kind for kind, count in left.items() if count]:
            found[kind].append(position)
            left[kind] -= 1
            position += DIRTY_STEP
    return found


def _customer(number: int, dice: random.Random) -> Row:
    _, country, firsts, lasts, cities = _drawn(PLACES, dice)
    first, _, latin_first = dice.choice(firsts.split()).partition(":")
    last, _, latin_last = dice.choice(lasts.split()).partition(":")
    _, plan, price = _drawn(PLANS, dice)
    signup = date(2019, 1, 1) + timedelta(days=dice.randrange(2_500))
    orders = dice.randrange(3) if plan == "free" else dice.randrange(1, 60)
    cents = sum(price + dice.randrange(4_000) for _ in range(orders))
    return {
        "customer_id": f"c-{number:05}",
        "email": f"{_latin(latin_first or first)}.{_latin(latin_last or last)}{number}"
        f"@{dice.choice(DOMAINS)}",
        "first_name": first,
        "last_name": last,
        "country": country,
        "city": dice.choice(cities.split(",")),
        "plan": plan,
        "signup_date": signup.isoformat(),
        "last_seen": _or_missing(12, _last_seen(signup, dice), dice),
        "lifetime_value": _or_missing(8, f"{cents // 100}.{cents % 100:02}", dice),
        "orders": _or_missing(6, str(orders), dice),
        "newsletter": dice.choice(("true", "false")),
        "notes": dice.choice(NOTES) if dice.randrange(100) < 8 else "",
    }


def _drawn(weighted: Sequence[tuple[Any, ...]], dice: random.Random) -> tuple[Any, ...]:
    """Return an entry, as often as the weight in front of it says."""
    point = dice.randrange(sum(weight for weight, *_ in weighted))
    for entry in weighted:
        point -= entry[0]
        if point < 0:
            return entry
    raise AssertionError(weighted)


def _last_seen(signup: date, dice: random.Random) -> str:
    start = datetime(signup.year, signup.month, signup.day, tzinfo=UTC)
    seconds = int((datetime(2026, 6, 30, tzinfo=UTC) - start).total_seconds())
    seen = start + timedelta(seconds=dice.randrange(seconds))
    return seen.strftime("%Y-%m-%dT%H:%M:%SZ")


def _or_missing(percent: int, value: str, dice: random.Random) -> str:
    return "" if dice.randrange(100) < percent else value


def _latin(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name.lower().translate(LATIN))
    return "".join(letter for letter in bare if letter.isascii() and letter.isalpha())


def _soiled(kind: str, turn: int, rows: list[Row], position: int) -> Row:
    row = rows[position]
    match kind:
        case "email_empty":
            return {"email": ""}
        case "email_without_at":
            return {"email": row["email"].replace("@", ("", " at ", ".")[turn % 3])}
        case "customer_id_missing":
            return {"customer_id": ""}
        case "customer_id_twice":
            # The row before it had this id first; the rest of the two differs.
            return {"customer_id": rows[position - 1]["customer_id"]}
        case "trailing_space":
            column = ("email", "last_name")[turn % 2]
            return {column: row[column] + "  "}
        case "typed_null":
            return {("first_name", "last_name")[turn % 2]: ("nan", "NULL")[turn % 2]}
        case "absurd_value":
            return {"lifetime_value": ABSURD_VALUES[turn]}
        case "future_signup":
            return {"signup_date": f"{2052 + 8 * turn}-02-29"}
    raise AssertionError(kind)


if __name__ == "__main__":
    main()
