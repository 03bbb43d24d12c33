"""Against the demonstration data and the script that writes it."""

import csv
import io
import re
import runpy

import pytest

from paths import DATA

SCRIPT = runpy.run_path(str(DATA / "make_customers.py"))


@pytest.fixture(scope="module")
def written() -> str:
    """Give what the script writes."""
    text: str = SCRIPT["customers_csv"]()
    return text


@pytest.fixture(scope="module")
def rows(written: str) -> list[dict[str, str]]:
    """Give the rows in it."""
    return list(csv.DictReader(io.StringIO(written)))


def test_the_file_is_what_the_script_writes(written):
    assert SCRIPT["CUSTOMERS"].read_bytes() == written.encode()


def test_there_are_5000_rows_of_every_column(rows):
    assert len(rows) == 5000
    assert tuple(rows[0]) == SCRIPT["COLUMNS"]


def test_every_address_is_on_a_domain_reserved_for_examples(rows):
    domain = re.compile(r"(example\.(com|org|net))? *")
    for row in rows:
        assert domain.fullmatch(row["email"].rpartition("@")[2]) or "@" not in row["email"]


@pytest.mark.parametrize(
    ("kind", "is_dirty", "count"),
    [
        ("email_empty", lambda row: row["email"] == "", 6),
        ("email_without_at", lambda row: row["email"] and "@" not in row["email"], 6),
        ("customer_id_missing", lambda row: row["customer_id"] == "", 5),
        ("trailing_space", lambda row: any(each != each.rstrip() for each in row.values()), 6),
        ("typed_null", lambda row: {row["first_name"], row["last_name"]} & {"nan", "NULL"}, 4),
        ("absurd_value", lambda row: not 0 <= float(row["lifetime_value"] or 0) <= 5e6, 4),
        ("future_signup", lambda row: row["signup_date"] > "2050", 4),
    ],
)
def test_the_dirty_rows_are_where_the_script_says_and_nowhere_else(rows, kind, is_dirty, count):
    found = [position for position, row in enumerate(rows) if is_dirty(row)]
    assert found == SCRIPT["dirty_rows"]()[kind]
    assert len(found) == count


def test_five_ids_are_taken_twice(rows):
    ids = [row["customer_id"] for row in rows if row["customer_id"]]
    assert len(ids) - len(set(ids)) == 5


def test_no_row_is_dirty_in_two_ways():
    positions = [each for found in SCRIPT["dirty_rows"]().values() for each in found]
    assert len(positions) == len(set(positions)) == 40
