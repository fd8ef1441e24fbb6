"""The table of commands, and what happens around each of them. Start here; a new command is one line in COMMANDS.

Commands are named by strings and imported when called, so `strokewright --help` loads neither NumPy nor torch.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from cyclopts import App, CycloptsError

from strokewright import __version__
from strokewright.errors import EmptyError, OptionError, StrokewrightError, WeightsError

STREAM = "<->"
"""What a lone `-` (standard input or output) is called after parsing: the parser takes `-` for an option."""


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    SOME_FAILED = 1
    USAGE = 2
    MISSING = 3
    NOTHING = 4
    INTERRUPTED = 130


class Command(NamedTuple):
    """A command: the function (module:name), what it does in a line, and two examples for its help."""

    target: str
    help: str
    examples: tuple[str, str]


COMMANDS = {
    "trace": Command(
        "strokewright.cli.trace:trace",
        "Turn pictures into drawings: ordered centre-line strokes with widths.",
        (
            "trace scan.png -o scan.svg",
            "trace 'scans/**/*.png' -o 'svg/{stem}.svg' --skip-existing",
        ),
    ),
    "draw": Command(
        "strokewright.cli.draw:draw",
        "Draw small pictures of one figure, such as letters, in a fixed number of strokes.",
        ("draw letter.png -o letter.svg", "draw 'digits/*.png' -o 'svg/{stem}.svg' --model draw/digits"),
    ),
    "paint": Command(
        "strokewright.cli.paint:paint",
        "Paint pictures in few moves: shapes that are placed, turned and coloured, one over the other.",
        (
            "paint photo.jpg --moves 200 --template circle -o painting.svg",
            "paint photo.jpg --colours 6 --hatch-px 3 --profile plot --page a4 -o plot.svg",
        ),
    ),
    "prisms": Command(
        "strokewright.cli.prisms:prisms",
        "Turn three orthogonal pictures into the boxes of a scene: corners and colours.",
        (
            "prisms front.png side.png top.png -o boxes.gltf",
            "prisms front.png side.png top.png -o boxes.svg",
        ),
    ),
    "sample": Command(
        "strokewright.cli.sketch:sample",
        "Draw from nothing, in the way a sketch-rnn has learned.",
        (
            "sample sketch/doodles --label bird -n 9 --temperature 0.4 --seed 7 -o 'bird_{i}.svg'",
            "sample bird.gen.json -n 25 -o birds.png",
        ),
    ),
    "complete": Command(
        "strokewright.cli.sketch:complete",
        "Draw endings of a drawing that was begun; its own strokes stay as they are.",
        (
            "complete ears.svg --model sketch/doodles -n 6 --seed 1 -o 'done_{i}.svg'",
            "complete 'begun/*.svg' --model bird.gen.json -o 'done/{stem}_{i}.svg'",
        ),
    ),
    "blend": Command(
        "strokewright.cli.sketch:blend",
        "Fill a grid with what lies between two to four drawings.",
        ("blend a.svg b.svg c.svg d.svg --grid 7x7 -o blend.svg", "blend a.svg b.svg --grid 1x9 -o 'between_{i}.svg'"),
    ),
    "morph": Command(
        "strokewright.cli.sketch:morph",
        "Turn one drawing into another, as a GIF or frame by frame.",
        ("morph a.svg b.svg -o m.gif", "morph a.svg b.svg c.svg --steps 60 -o 'frames/{i:03}.svg'"),
    ),
    "photo": Command(
        "strokewright.cli.photo:photo",
        "Turn sketches into small pictures that follow them.",
        ("photo dog.svg --label dog -n 4 -o 'dog_{i}.png'", "photo 'scans/*.png' --label chair -o 'out/{stem}.png'"),
    ),
    "convert": Command(
        "strokewright.cli.convert:convert",
        "Turn drawing files into other formats; files that hold many drawings are taken apart or put together.",
        ("convert cat.ndjson -o 'svg/{key_id}.svg'", "convert cat.svg -o cat.gif"),
    ),
    "rooms": Command(
        "strokewright.cli.rooms:rooms",
        "Find the rooms of floor plans: a rectangle each, with type and score (weights not for commercial use).",
        ("rooms plan.png -o plan.coco.json", "rooms 'plans/*.png' -o 'rooms/{stem}.labelstudio.json' --skip-existing"),
    ),
    "models": Command(
        "strokewright.cli.models:models",
        "List the bundled models, or show all that is known about one.",
        ("models", "models show trace/lineart"),
    ),
    "dataset": Command(
        "strokewright.cli.dataset:dataset",
        "Turn your own drawings into a training set of sketch-rnn, and say what was kept and why not.",
        ("dataset my_svgs -o leaf.npz", "dataset cat.ndjson dog.ndjson -o pets.npz --epsilon-px 1.5"),
    ),
    "train": Command(
        "strokewright.cli.train:train",
        "Train a model by a recipe; a stopped run goes on where it was.",
        (
            "train smoke --out runs/smoke",
            "train smoke --out runs/longer --set training.steps=1000 --minutes 5",
        ),
    ),
    "eval": Command(
        "strokewright.cli.evaluate:evaluate",
        "Measure a model on the held-out data of its recipe.",
        ("eval trace/lineart", "eval runs/smoke --json"),
    ),
    "bench": Command(
        "strokewright.cli.bench:bench",
        "Run a benchmark of the source checkout and print its rows.",
        ("bench renderers --quick", "bench trace --json"),
    ),
}

EXIT_HELP = (
    "Exit codes: 0 all done · 1 some files failed · 2 wrong usage · 3 a model or an optional part is missing · "
    "4 nothing to write · 130 interrupted"
)


def build() -> App:
    """Put the program together; no command is imported yet."""
    app = App(
        name="strokewright",
        help="Teach machines to draw: pictures into ordered, editable strokes, and back.",
        version=__version__,
        help_format="plaintext",
        help_prologue=_examples(COMMANDS["trace"].examples[0], COMMANDS["convert"].examples[0]),
        help_epilogue=EXIT_HELP,
    )
    for name, command in COMMANDS.items():
        app.command(command.target, name=name, help=command.help, help_prologue=_examples(*command.examples))
    return app


def _examples(*commands: str) -> str:
    return "\n".join(["Examples:", *(f"  strokewright {command}" for command in commands)])


def run(tokens: Sequence[str]) -> int:
    """Run one command line.

    Args:
        tokens: The words after the program's name.

    Returns:
        The exit code.
    """
    words = [STREAM if token == "-" else token for token in tokens]
    try:
        code = build()(words, result_action="return_value", exit_on_error=False, print_error=False)
        sys.stdout.flush()
        return int(code or Exit.DONE)
    except CycloptsError as error:
        return _fail(_first_lines(error), Exit.USAGE)
    except OptionError as error:
        return _fail(error, Exit.USAGE)
    except WeightsError as error:
        return _fail(error, Exit.MISSING)
    except ModuleNotFoundError as error:
        if (error.name or "strokewright").startswith("strokewright"):
            raise
        return _fail(f"this needs the Python package {error.name!r}: pip install {error.name}", Exit.MISSING)
    except EmptyError as error:
        return _fail(error, Exit.NOTHING)
    except (StrokewrightError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # the reader of our output has gone, as in `strokewright … | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        else:
            _fail(error, Exit.SOME_FAILED)
        return Exit.SOME_FAILED
    except KeyboardInterrupt:
        return _fail("interrupted; what is finished stays", Exit.INTERRUPTED)


def main() -> None:
    """Run the command line of this process."""
    sys.exit(run(sys.argv[1:]))


def _fail(message: object, code: Exit) -> Exit:
    sys.stderr.write(f"strokewright: {message}\n")
    return code


def _first_lines(error: CycloptsError) -> str:
    """Say a parsing error in one line; pydantic's reports span several and end with an address."""
    lines = [line.strip() for line in str(error).replace(STREAM, "-").splitlines() if line.strip()]
    if len(lines) > 2 and "validation error" in lines[0]:
        problems = [line.split(" [type=")[0] for line in lines[1:] if not line.startswith("For further information")]
        names, reasons = problems[::2], problems[1::2]
        return "; ".join(f"--{name.replace('_', '-')}: {reason}" for name, reason in zip(names, reasons, strict=False))
    return " ".join(lines)
