"""The 500 bad files by way of the commands: one line on stderr, the contract's exit code, nothing written."""

import collections
from pathlib import Path

import pytest

from bad_files import COUNT, PICTURES, bad_files
from strokewright.cli.app import Exit

WORDS = {"trace": ("-o", "{folder}/out.svg", "--method", "skeleton"), "convert": ("-o", "{folder}/out.ndjson")}


@pytest.mark.parametrize("command", WORDS)
def test_500_bad_files(strokewright, tmp_path, command):
    words = [word.format(folder=tmp_path) for word in WORDS[command]]
    target = Path(words[1])
    codes = collections.Counter()
    for index, (suffix, data) in enumerate(bad_files()):
        source = tmp_path / f"bad{suffix}"
        source.write_bytes(data)
        result = strokewright(command, source, *words)
        what = (index, suffix, result)
        codes[result.code] += 1
        assert result.out == "", what
        assert result.err.count("\n") == 1, what
        assert "Traceback" not in result.err, what
        assert target.exists() == (result.code == Exit.DONE), what
        assert {path.name for path in tmp_path.iterdir()} <= {source.name, target.name}, what
        if (suffix in PICTURES) == (command == "trace"):
            assert result.code in (Exit.DONE, Exit.SOME_FAILED, Exit.NOTHING), what
        else:
            assert result.code in (Exit.SOME_FAILED, Exit.USAGE), what
        source.unlink()
        target.unlink(missing_ok=True)
    assert codes.total() == COUNT
    assert codes[Exit.DONE] < 0.3 * COUNT
