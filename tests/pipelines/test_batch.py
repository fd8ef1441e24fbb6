import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from strokewright.errors import FormatError, OptionError
from strokewright.pipelines.batch import map_files

_WORK = """
from strokewright.errors import FormatError
from strokewright.files import write_atomically

def copy(source, output):
    if "bad" in source.name:
        raise FormatError("expected good text, got bad", source)
    if "crash" in source.name:
        raise ZeroDivisionError("a defect")
    write_atomically(output, source.read_bytes())
    return {"bytes": source.stat().st_size}
"""


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """Work that copies files, and fails on some; in a module of its own, for worker processes to import."""
    (tmp_path / "batch_work.py").write_text(_WORK)
    monkeypatch.syspath_prepend(tmp_path)
    sys.modules.pop("batch_work", None)
    return importlib.import_module("batch_work").copy


def make_jobs(folder: Path, *names: str) -> list[tuple[Path, Path]]:
    for name in names:
        (folder / name).write_text(name)
    return [(folder / name, folder / "out" / f"{name}.copy") for name in names]


@pytest.mark.parametrize("workers", [1, 2])
def test_every_file_gets_a_record(tmp_path, copy, workers):
    jobs = make_jobs(tmp_path, "a", "bad", "crash", "b")
    records = {Path(r.input).name: r for r in map_files(copy, jobs, workers=workers, on_error="record")}
    assert {name: r.ok for name, r in records.items()} == {"a": True, "bad": False, "crash": False, "b": True}
    assert records["a"].stats == {"bytes": 1}
    assert records["bad"].error_type == "FormatError"
    assert records["bad"].error == f"{tmp_path / 'bad'}: expected good text, got bad"
    assert records["bad"].traceback == ""
    assert "ZeroDivisionError" in records["crash"].traceback
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.copy", "b.copy"]


def test_errors_are_raised_when_asked(tmp_path, copy):
    with pytest.raises(FormatError, match="bad: expected good text"):
        list(map_files(copy, make_jobs(tmp_path, "a", "bad"), workers=2))


def test_existing_outputs_are_left_alone(tmp_path, copy):
    jobs = make_jobs(tmp_path, "a", "b")
    jobs[0][1].parent.mkdir()
    jobs[0][1].write_text("old")
    records = list(map_files(copy, jobs, workers=1, skip_existing=True))
    assert [r.skipped for r in records] == [True, False]
    assert jobs[0][1].read_text() == "old"


def test_workers_must_be_positive(copy):
    with pytest.raises(OptionError, match="at least 1, got 0"):
        list(map_files(copy, [], workers=0))


_SLOW = """
import sys, time
from pathlib import Path
from strokewright.files import write_atomically
from strokewright.pipelines.batch import map_files

def slow(source, output):
    time.sleep(0 if source.name == "0" else 60)
    write_atomically(output, b"done")
    return {}

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    try:
        for record in map_files(slow, [(folder / str(i), folder / f"{i}.out") for i in range(6)], workers=2):
            print(record.output, flush=True)
    except KeyboardInterrupt:
        sys.exit(130)
"""


def test_an_interrupt_ends_the_workers_and_keeps_finished_files(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(_SLOW)
    process = subprocess.Popen(
        [sys.executable, script, tmp_path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        started = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
        assert process.wait(20) == 130
        assert time.monotonic() - started < 10
    assert sorted(p.name for p in tmp_path.iterdir()) == ["0.out", "slow.py"]
