"""Run one piece of work over many files: in parallel, resumable, with a record for each file as it is done.

    def work(source, output) -> stats      # reads source, writes output, returns facts as numbers

The work is sent to a worker process with each file, so it must be small and picklable: a function of a module, or a
frozen dataclass with `__call__`. A model that it needs belongs in a `functools.cache` function of its module: each
process then loads it once.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

from strokewright.errors import OptionError, StrokewrightError, WeightsError

Source = Path | bytes
Work = Callable[[Source, Path], Mapping[str, float]]
OnError = Literal["raise", "record"]
_GRACE_SECONDS = 2.0  # for a worker to remove its half-written file


@dataclass(frozen=True)
class Record:
    """What became of one file.

    Args:
        input: The file that was read ("-" for standard input).
        output: The file that was (to be) written.
        ok: Whether the output exists and is complete.
        error: Why not, in one line; "" when all is well.
        error_type: Name of the error's class; "" when all is well.
        traceback: Where an error arose that Strokewright does not raise on purpose; "" otherwise.
        skipped: Whether the output existed already and was left alone.
        seconds: Wall time spent on the file.
        stats: Facts about the result as numbers.
    """

    input: str
    output: str
    ok: bool
    error: str = ""
    error_type: str = ""
    traceback: str = ""
    skipped: bool = False
    seconds: float = 0.0
    stats: Mapping[str, float] = field(default_factory=dict[str, float])


def map_files(
    work: Work,
    jobs: Iterable[tuple[Source, Path]],
    *,
    workers: int | None = None,
    skip_existing: bool = False,
    on_error: OnError = "raise",
) -> Iterator[Record]:
    """Do the work on every file, and yield a record for each as it finishes (so not always in order).

    Each worker computes with one thread. An interrupt (Ctrl-C) stops the workers; files written by then are complete.

    Args:
        work: What to do with one (input, output); see above.
        jobs: Input and output paths; making the outputs' folders is the work's, as `write_atomically` does.
        workers: Processes; None = one a core, at most one a file. 1 works in this process.
        skip_existing: Leave files alone whose output exists: a stopped run goes on where it was.
        on_error: "raise" ends at the first error; "record" notes it and goes on.

    Raises:
        OptionError: workers < 1.
        StrokewrightError: A file failed and on_error is "raise".
    """
    if workers is not None and workers < 1:
        raise OptionError(f"workers: expected at least 1, got {workers}")
    todo: list[tuple[Source, Path]] = []
    for source, output in jobs:
        if skip_existing and output.exists():
            yield Record(_name(source), str(output), ok=True, skipped=True)
        else:
            todo.append((source, output))
    count = min(len(todo), workers or os.cpu_count() or 1)
    run = partial(_run, work, on_error)
    if count <= 1:
        yield from (run(source, output) for source, output in todo)
    else:
        yield from _map_parallel(run, todo, count)


def _name(source: Source) -> str:
    return "-" if isinstance(source, bytes) else str(source)


def _run(work: Work, on_error: OnError, source: Source, output: Path) -> Record:
    """Do one file; errors become a record, or are raised with on_error "raise"."""
    started = time.perf_counter()
    done = partial(Record, _name(source), str(output))
    try:
        stats = work(source, output)
    except (OptionError, WeightsError):  # these concern the whole run, not this file
        raise
    except Exception as error:
        if on_error == "raise":
            raise
        unplanned = not isinstance(error, StrokewrightError | OSError)
        return done(
            ok=False,
            error=str(error) or type(error).__name__,
            error_type=type(error).__name__,
            traceback=traceback.format_exc() if unplanned else "",
            seconds=time.perf_counter() - started,
        )
    return done(ok=True, seconds=time.perf_counter() - started, stats=dict(stats))


def _map_parallel(
    run: Callable[[Source, Path], Record], todo: list[tuple[Source, Path]], workers: int
) -> Iterator[Record]:
    """Keep every worker busy with a short queue, so that an interrupt has little to cancel."""
    queue = iter(todo)
    with _pool(workers) as pool:
        pending = {pool.submit(_run_in_worker, run, *job) for job in islice(queue, 2 * workers)}
        while pending:
            finished, pending = wait(pending, return_when=FIRST_COMPLETED)
            pending |= {pool.submit(_run_in_worker, run, *job) for job in islice(queue, len(finished))}
            yield from map(Future[Record].result, finished)


@contextmanager
def _pool(workers: int) -> Generator[ProcessPoolExecutor]:
    """Open a process pool that ends its workers at once when its block is left by an error or an interrupt."""
    executor = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        yield executor
    except BaseException:
        processes = list((executor._processes or {}).values())  # gone after shutdown
        executor.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join(_GRACE_SECONDS)
            process.kill()
        raise
    executor.shutdown()


class _Worker:
    """What this worker process is doing. An idle one must not be torn from reading the queue that all share."""

    busy = False
    stopping = False


def _run_in_worker(run: Callable[[Source, Path], Record], source: Source, output: Path) -> Record:
    try:
        _Worker.busy = True
        if _Worker.stopping:
            sys.exit(1)
        return run(source, output)
    except SystemExit:  # we are being ended, and the work has cleaned up; the pool would go on with the next file
        os._exit(1)
    finally:
        _Worker.busy = False


def _stop_worker(*_: object) -> None:
    """End the work on a file, so that a half-written one is removed; an idle worker is told to go by the pool."""
    _Worker.stopping = True
    if _Worker.busy:
        sys.exit(1)


def _start_worker() -> None:
    """One thread a worker; Ctrl-C is the parent's business."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    if "torch" in sys.modules:  # the caller's own main module imported it before us
        sys.modules["torch"].set_num_threads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop_worker)
