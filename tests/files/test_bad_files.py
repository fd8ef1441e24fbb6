"""500 bad files: each is refused with an error of ours or, where the damage does no harm, read; nothing else."""

from pathlib import Path

from bad_files import COUNT, PICTURES, bad_files
from strokewright.errors import StrokewrightError
from strokewright.files import read_many, write
from strokewright.files.raster import read_picture


def test_500_bad_files(tmp_path: Path) -> None:
    refusals: list[str] = []
    for index, (suffix, data) in enumerate(bad_files()):
        source, target = tmp_path / f"bad{suffix}", tmp_path / "out.svg"
        source.write_bytes(data)
        try:
            if suffix in PICTURES:
                assert read_picture(source).ndim == 3
            else:
                write(next(read_many(source)), target)
        except StrokewrightError as error:
            refusals.append(str(error))
            assert not target.exists(), (index, suffix)
        assert {path.name for path in tmp_path.iterdir()} <= {source.name, target.name}, (index, suffix)
        source.unlink()
        target.unlink(missing_ok=True)
    assert index + 1 == COUNT
    assert len(refusals) > 0.6 * COUNT
    assert min(map(len, refusals)) > 50, "a message says what was expected, what came, what to do"
