"""Paint a cat with a brush of your own: train a canvas network for it, place strokes by gradient, paint with the brush.

python examples/own_brush/paint.py --out out/own_brush        (about 8 minutes on 2 cores; --minutes 1 for a rough one)

Writes `painting.png` (target, painting by the true brush) and the canvas network, `canvas/`. The brush itself is
in `brush.py`; `painting.png` beside this file is one such painting, of 400 strokes.
"""

import argparse
from pathlib import Path

import numpy as np
import skimage.data
import skimage.filters
import skimage.transform
import torch
from brush import BRISTLES, paint
from PIL import Image

import strokewright as sw
from strokewright.models.canvas_drawer import CanvasNetwork
from strokewright.render.colour import DISTANCE, to_lab, to_rgb_array
from strokewright.render.composite import lay

ROUNDS = ((40, 24), (40, 20), (60, 14), (60, 10), (80, 7), (80, 5), (80, 4))  # how many strokes, how wide in pixels
WEIGHT = torch.tensor(DISTANCE)[:, None, None]


def begin(
    rng: np.random.Generator, target: torch.Tensor, canvas: torch.Tensor, count: int, width: float
) -> torch.Tensor:
    """Begin with strokes where the canvas is most wrong, along the picture's edges, in its colours: (count, 10)."""
    size = target.shape[-1]
    error = ((target - canvas) * WEIGHT).square().sum(0).numpy()
    places = rng.choice(size * size, count, p=error.ravel() / error.sum())
    y, x = np.divmod(places, size)
    slope_y, slope_x = np.gradient(skimage.filters.gaussian(target[0].numpy(), max(1, width / 4)))
    angle = np.arctan2(slope_x[y, x], -slope_y[y, x]) + rng.normal(0, 0.2, count)
    half = np.stack([np.cos(angle), np.sin(angle)], axis=1) * rng.uniform(1, 2, (count, 1)) * width
    middle = np.stack([x, y], axis=1) + 0.5
    rows = [middle - half, middle, middle + half, np.full((count, 1), width), target[:, y, x].T.numpy()]
    return torch.from_numpy(BRISTLES.encode(np.hstack(rows), size).clip(0, 1)).float()


def improve(
    network: CanvasNetwork, target: torch.Tensor, canvas: torch.Tensor, actions: torch.Tensor, steps: int
) -> np.ndarray:
    """Move all strokes of a round together by gradient through the canvas network."""
    actions = actions.requires_grad_()
    optimiser = torch.optim.Adam([actions], 0.01)
    for _ in range(steps):
        picture = canvas[None]
        for layer in network.layer(canvas.expand(len(actions), -1, -1, -1), actions):
            picture = lay(picture, layer[None])
        loss = ((picture - target) * WEIGHT).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        actions.data.clamp_(0, 1)
    return actions.detach().double().numpy()


def keep(target: torch.Tensor, canvas: torch.Tensor, actions: np.ndarray) -> torch.Tensor:
    """Paint with the true brush, stroke by stroke, leaving out those that make the picture worse."""
    for layer in torch.from_numpy(paint(actions, target.shape[-1])):
        tried = lay(canvas[None], layer[None])[0]
        if ((tried - target) * WEIGHT).square().sum() < ((canvas - target) * WEIGHT).square().sum():
            canvas = tried
    return canvas


def main() -> None:
    """Train, place, paint, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=4.0, help="training time of the canvas network")
    parser.add_argument("--steps", type=int, default=40, help="gradient steps of each round")
    parser.add_argument("--rounds", type=int, default=len(ROUNDS), help="rounds of strokes, from wide to narrow")
    parser.add_argument("--size", type=int, default=192, help="side of the painting in pixels")
    parser.add_argument("--out", type=Path, default=Path("out/own_brush"), help="folder to write to")
    options = parser.parse_args()

    network = sw.train_canvas(paint, BRISTLES, size=64, minutes=options.minutes)
    network.save_pretrained(options.out / "canvas")
    print(network.fidelity(paint, count=256))

    cat = skimage.transform.resize(skimage.data.chelsea()[:, 70:370], (options.size, options.size), anti_aliasing=True)
    target = torch.from_numpy(to_lab(cat)).permute(2, 0, 1)
    canvas = network.blank(1, options.size)[0]
    rng = np.random.default_rng(0)
    network.requires_grad_(False)
    for count, width in ROUNDS[: options.rounds]:
        actions = begin(rng, target, canvas, count, width)
        canvas = keep(target, canvas, improve(network, target, canvas, actions, options.steps))
        print(
            f"{count} strokes of {width} px: (ΔE/100)² {float(((canvas - target) * WEIGHT).square().sum(0).mean()):.4f}"
        )
    picture = to_rgb_array(torch.cat([target, canvas], dim=2).permute(1, 2, 0).numpy())
    Image.fromarray((picture * 255).round().astype(np.uint8)).save(options.out / "painting.png")


if __name__ == "__main__":
    main()
