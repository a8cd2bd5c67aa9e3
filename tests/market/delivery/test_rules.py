"""A data set holds reviewed fields only, one row per key; faults are named and nothing is loaded."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.delivery.rules import DataSetRefused, records_of
from market.delivery.sheets import FileUnreadable, read_rows

FIELDS = ["score", "level"]


def test_rows_become_records_with_key_kind_and_reviewed_fields():
    rows = [(2, {"key": " A1 ", "subject_kind": "enterprise", "score": "712"}), (3, {"key": "A2", "level": "B"})]
    first, second = records_of(rows, FIELDS, shown=10)
    assert (first.key, first.subject_kind, dict(first.body)) == ("A1", "enterprise", {"score": "712"})
    assert (second.key, second.subject_kind, dict(second.body)) == ("A2", None, {"level": "B"})


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ([], ["data_set.empty"]),
        ([(2, {"key": "", "score": "1"})], ["data_set.key_missing"]),
        ([(2, {"score": "1"})], ["data_set.key_missing"]),
        ([(2, {"key": "A"}), (3, {"key": "A"})], ["data_set.key_repeated"]),
        ([(2, {"key": "A", "identity_number": "3306…"})], ["data_set.field_not_reviewed"]),
    ],
)
def test_a_fault_refuses_the_whole_set_and_names_the_line(rows, codes):
    with pytest.raises(DataSetRefused) as caught:
        records_of(rows, FIELDS, shown=10)
    assert [error["code"] for error in caught.value.errors] == codes


def test_all_faults_are_counted_and_only_some_are_shown():
    rows = [(line, {"key": "", "score": "1"}) for line in range(2, 52)]
    with pytest.raises(DataSetRefused, match="50 处问题") as caught:
        records_of(rows, FIELDS, shown=10)
    assert len(caught.value.errors) == 10


@given(st.lists(st.text("abc", min_size=1, max_size=2), min_size=1, max_size=20))
def test_a_set_is_accepted_exactly_when_its_keys_differ(keys):
    rows = [(line, {"key": key}) for line, key in enumerate(keys, start=2)]
    if len(set(keys)) == len(keys):
        assert [record.key for record in records_of(rows, FIELDS, shown=5)] == keys
    else:
        with pytest.raises(DataSetRefused):
            records_of(rows, FIELDS, shown=5)


def test_csv_cells_stay_text_whatever_they_look_like():
    content = "key,score\r\n0012,1.10\r\nNA,1e5\r\n".encode("gb18030")
    assert read_rows(content, "rows.csv") == [(2, {"key": "0012", "score": "1.10"}), (3, {"key": "NA", "score": "1e5"})]


def test_json_numbers_keep_the_digits_that_were_written():
    assert read_rows(b'[{"key": "A", "score": 0.10}]', "rows.json") == [(1, {"key": "A", "score": "0.10"})]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b'[{"key": NaN}]', b"[1, 2]", b'[{"key": "A"}'])
def test_a_file_that_is_neither_table_nor_list_is_refused(content):
    with pytest.raises(FileUnreadable):
        read_rows(content, "rows.json" if content.startswith(b"[") else "rows.csv")
