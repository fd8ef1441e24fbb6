"""Where the models of the benchmarks come from, the package or a run below `runs/`; what a row says without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from strokewright import weights
from strokewright.models.pretrained import WEIGHTS_FILE

RUNS_DIR = Path(__file__).parents[1] / "runs"
FINAL, BEST = f"model/{WEIGHTS_FILE}", "checkpoints/best.safetensors"
"""Where a run keeps its weights."""

Model = TypeVar("Model")


@dataclass(frozen=True)
class Trained:
    """A model and where it comes from: the package, or else the folder of its run.

    Args:
        recipe: Recipe that trains it, with its options.
        folder: Name of the run's folder below `runs/`; "": as the recipe, with dashes.
        card: Short name of the bundled model; "" if it is not bundled.
    """

    recipe: str
    folder: str = ""
    card: str = ""

    @property
    def run(self) -> Path:
        """The folder of its run."""
        return RUNS_DIR / (self.folder or self.recipe.replace("_", "-"))

    @property
    def command(self) -> str:
        """What trains it."""
        return f"strokewright train {self.recipe} --out runs/{self.run.name}"

    def load(self, kind: type[Model], bundled_only: bool = False, files: Sequence[str] = (FINAL, BEST)) -> Model | None:
        """Load it; None if it is neither bundled nor trained here.

        Args:
            kind: Its class.
            bundled_only: Do not look for a run.
            files: The run's weights that may be taken, the first that is there; by default an unfinished run's best.

        Raises:
            TypeError: It is a model of another class.
        """
        sources: list[str | Path] = [entry.name for entry in weights.cards() if entry.name == self.card]
        if not bundled_only:
            sources += [path for path in (self.run / file for file in files) if path.exists()]
        if not sources:
            return None
        model = weights.open_model(sources[0], "cpu")
        if not isinstance(model, kind):
            raise TypeError(f"{sources[0]}: expected a {kind.__name__}, got {type(model).__name__}")
        return model


def not_trained(case: str, command: str) -> str:
    """Name a case that has no model, with the command that makes one."""
    return f"{case}: not trained here, run `{command}`"
