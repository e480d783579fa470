"""The CSV contract: good files on quarter hours, every wrong row by its line."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from edge_agent.backtest.data_file import read_data_file
from edge_agent.backtest.errors import DataFileError

GOOD = """time,load_kw,price_import_per_kwh,mood
2026-03-29T00:00+01:00,10,0.2,fine
2026-03-29T01:00+01:00,,0.2,
2026-03-29T03:00+02:00,30,-0.1,
2026-03-29T05:00+02:00,50,0.3,
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "data.csv"
    path.write_text(text, encoding="utf-8")
    return path


def mistakes(folder: Path, rows: str, header: str = "time,load_kw,pv_kw") -> tuple[str, ...]:
    with pytest.raises(DataFileError) as caught:
        read_data_file(written(folder, f"{header}\n{rows}"))
    return caught.value.mistakes


def test_hours_are_held_over_their_quarters_and_gaps_stay_gaps(tmp_path: Path) -> None:
    data = read_data_file(written(tmp_path, GOOD))
    assert data.start == datetime(2026, 3, 28, 23, tzinfo=UTC)
    assert data.step_s == 3600
    assert data.ignored == ("mood",)
    load = data.columns["load_kw"].reshape(-1, 4)
    # Three in the morning follows one at once: the hour between does not exist that day.
    np.testing.assert_array_equal(load[:, 0], [10, np.nan, 30, np.nan, 50])
    assert (load[[0, 2, 4]] == load[[0, 2, 4]][:, :1]).all()
    assert data.columns["price_import_per_kwh"][8] == -0.1
    assert "pv_kw" not in data.columns


def test_short_steps_are_averaged_and_a_mostly_empty_quarter_is_a_gap(tmp_path: Path) -> None:
    loads = [6, 9, 12, "", "", 30, 5, "", 7]
    rows = [f"2026-01-01T00:{5 * place:02d}Z,{load}" for place, load in enumerate(loads)]
    data = read_data_file(written(tmp_path, "\n".join(["time,load_kw", *rows])))
    np.testing.assert_allclose(data.columns["load_kw"], [9.0, np.nan, 6.0])


def test_a_compressed_file_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode()))
    assert len(read_data_file(path)) == 20


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("2026-01-01T02:00,1,1", "line 4: time '2026-01-01T02:00' has no offset from UTC"),
        ("yesterday,1,1", "line 4: time 'yesterday' is no ISO 8601 time"),
        ("2026-01-01T02:00:30Z,1,1", "line 4: time '2026-01-01T02:00:30Z' is not on a whole"),
        ("2026-01-01T02:00Z,much,1", "line 4: load_kw 'much' is no number"),
        ("2026-01-01T02:00Z,nan,1", "line 4: load_kw nan cannot be"),
        ("2026-01-01T02:00Z,1e9,1", "line 4: load_kw 1e9 cannot be"),
        ("2026-01-01T02:00Z,1,-1", "line 4: pv_kw -1 is below 0"),
        ("2026-01-01T02:00Z,1", "line 4: 2 fields where 3 are due"),
        ("2026-01-01T01:00Z,1,1", "line 4: time 2026-01-01T01:00:00+00:00 stands there twice"),
        ("2026-01-01T00:00Z,1,1", "line 4: time 2026-01-01T00:00:00+00:00 is earlier than"),
        ("2026-01-01T02:20Z,1,1", "line 4: time 2026-01-01T02:20:00+00:00 is off the raster"),
    ],
)
def test_a_wrong_row_is_named_by_its_line(tmp_path: Path, row: str, words: str) -> None:
    good = "2026-01-01T00:00Z,1,0\n2026-01-01T01:00Z,1,0\n"
    after = "\n2026-01-01T03:00Z,1,0\n2026-01-01T04:00Z,1,0\n"
    found = mistakes(tmp_path, good + row + after)
    assert found[0].startswith(f"data.csv: {words}"), found


def test_all_wrong_rows_are_told_at_once_and_the_rest_is_counted(tmp_path: Path) -> None:
    rows = "\n".join(f"2026-01-{day:02d}T00:00Z,x,1" for day in range(1, 31))
    found = mistakes(tmp_path, rows)
    assert len(found) == 21
    assert found[-1] == "data.csv: and 11 more mistakes"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("when,load_kw", "column 'time' is missing"),
        ("time,pv_kw", "column 'load_kw' is missing"),
        ("time,load_kw,load_kw", "column 'load_kw' stands there twice"),
    ],
)
def test_a_wrong_header_is_told(tmp_path: Path, header: str, words: str) -> None:
    assert words in mistakes(tmp_path, "", header)[0]


def test_uneven_rows_and_a_missing_file_are_told(tmp_path: Path) -> None:
    rows = "2026-01-01T00:00Z,1,0\n2026-01-01T07:00Z,1,0\n"
    assert "even steps" in mistakes(tmp_path, rows)[0]
    with pytest.raises(DataFileError, match=r"nothing\.csv: cannot be read: No such file"):
        read_data_file(tmp_path / "nothing.csv")
    (tmp_path / "latin.csv").write_bytes("time,load_kw,Höhe\n".encode("latin-1"))
    with pytest.raises(DataFileError, match=r"latin\.csv: is not UTF-8 text: save it as UTF-8"):
        read_data_file(tmp_path / "latin.csv")
