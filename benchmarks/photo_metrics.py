"""What the benchmark of photos measures: closeness to the photos, what a judge sees, whether the sketch was followed.

Pictures and photos are uint8, (n, 3, size, size). "KID-own" and "FID-own" compare the features of our own judge
(`models/sketch2img/judge.py`), trained on the real photos of each set; they cannot be set beside published figures.

- KID: the unbiased squared maximum mean discrepancy of all features with the kernel (x·y / d + 1)³; 0 for one and the
  same distribution, and then as often below 0 as above.
- FID: squared distance of the means plus that of the covariances. It falls with the number of pictures, so only rows of
  equal numbers compare.
- Recognised: share of pictures that the judge puts into the class of the sketch.
- Edges on the lines: share of a sketch's drawn pixels with an edge of the picture within 1.5 px, less the same share
  for the sketch of another pair. A picture full of edges gains nothing by it.
- Diversity: mean absolute difference of two pictures made of one sketch, values in [0, 1].

Source: KID, Bińkowski 2018; FID, Heusel 2017.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from skimage.metrics import structural_similarity

from benchmarks.trained import BEST, FINAL, Trained
from strokewright.datasets.photo_lines import edge_strength, thin_edges
from strokewright.models.sketch2img.judge import PhotoJudge
from strokewright.models.sketch2img.sketch2img import to_unit
from strokewright.render.colour import DISTANCE, to_lab

_BATCH = 100
_NEAR_PX = 1.5
_DRAWN_UNDER = 170  # a pixel of a sketch darker than this is drawn
_BLACK, _EXTREME, _ALL = 0.025, 0.01, 0.98  # mean of a black picture; distance of a saturated value from 0 or 1; share

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float64]


def judge_of(name: str) -> Trained:
    """Say where the judge of a set comes from, "things" or "cifar"."""
    return Trained(f"photo_judge_{name}")


def load_judge(name: str) -> PhotoJudge | None:
    """Load the judge of a set as it was at its best; None if none was trained here."""
    return judge_of(name).load(PhotoJudge, files=(BEST, FINAL))


def scores(
    judge: PhotoJudge, pictures: Bytes, photos: Bytes, sketches: Bytes, labels: Sequence[str]
) -> dict[str, float]:
    """Score pictures made of sketches.

    Args:
        judge: Who learned real photos of these classes.
        pictures: Made of the sketches, (n, 3, size, size).
        photos: The photos of the pairs, (n, 3, size, size).
        sketches: (n, size, size), 255 = bare paper.
        labels: Class of each sketch, in the judge's words.
    """
    own, real = features(judge, pictures), features(judge, photos)
    black, saturated = bad_pictures(pictures)
    return {
        "KID-own": kid(own, real),
        "FID-own": fid(own, real),
        "recognised": recognised(judge, pictures, labels),
        "L1": l1(pictures, photos),
        "SSIM": ssim(pictures, photos),
        "edges on the lines": edges_on_lines(pictures, sketches),
        "black": float(black),
        "saturated": float(saturated),
    }


def features(judge: PhotoJudge, pictures: Bytes) -> Floats:
    """Return the judge's features (n, width)."""
    judge.eval()
    with torch.no_grad():
        parts = [judge.features(to_unit(torch.from_numpy(part))) for part in _parts(pictures)]
    return torch.cat(parts).double().numpy()


def classes(judge: PhotoJudge, pictures: Bytes) -> list[str]:
    """Return the likeliest class of each picture."""
    judge.eval()
    with torch.no_grad():
        found = torch.cat([judge(to_unit(torch.from_numpy(part))).argmax(1) for part in _parts(pictures)])
    return [judge.config.labels[i] for i in found.tolist()]


def recognised(
    judge: PhotoJudge, pictures: Bytes, labels: Sequence[str], groups: Mapping[str, Sequence[str]] | None = None
) -> float:
    """Return the share of pictures put into their class, or with `groups` into the right group of classes."""
    group = {name: group for group, names in (groups or {}).items() for name in names}
    seen = classes(judge, pictures)
    return float(np.mean([group.get(a, a) == group.get(b, b) for a, b in zip(seen, labels, strict=True)]))


def kid(features: Floats, others: Floats) -> float:
    """Return the unbiased squared maximum mean discrepancy of two sets of features (n, width), (m, width)."""
    n, m = len(features), len(others)
    if min(n, m) < 2:
        return float("nan")
    within = [_kernel(x, x) for x in (features, others)]
    inner = sum((k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in within)
    return float(inner - 2 * _kernel(features, others).mean())


def _kernel(x: Floats, y: Floats) -> Floats:
    return (x @ y.T / x.shape[1] + 1) ** 3


def fid(features: Floats, others: Floats) -> float:
    """Return the Fréchet distance of two sets of features, taken as normal distributions."""
    means = [x.mean(axis=0) for x in (features, others)]
    first, second = (np.cov(x, rowvar=False) for x in (features, others))
    # The trace of the root of a product is that of its symmetric form, whose eigenvalues are real and ≥ 0.
    values, vectors = np.linalg.eigh(first)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    mixed = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ second @ root), 0)).sum()
    return float(np.square(means[0] - means[1]).sum() + np.trace(first) + np.trace(second) - 2 * mixed)


def l1(pictures: Bytes, photos: Bytes) -> float:
    """Return the mean absolute difference, values in [0, 1]."""
    return float(np.mean([np.abs(a.astype(np.int16) - b).mean() for a, b in zip(pictures, photos, strict=True)]) / 255)


def ssim(pictures: Bytes, photos: Bytes) -> float:
    """Return the mean structural similarity, with a Gaussian window of 1.5 px as Wang 2004 has it."""
    options: dict[str, Any] = {
        "channel_axis": 0,
        "gaussian_weights": True,
        "sigma": 1.5,
        "use_sample_covariance": False,
    }
    return float(np.mean([structural_similarity(a, b, **options) for a, b in zip(pictures, photos, strict=True)]))


def diversity(variants: Sequence[Bytes]) -> float:
    """Return the mean difference of two variants of one sketch; each entry holds one variant of all sketches."""
    pairs = [(a, b) for i, a in enumerate(variants) for b in variants[:i]]
    return float(np.mean([l1(a, b) for a, b in pairs])) if pairs else float("nan")


def bad_pictures(pictures: Bytes) -> tuple[int, int]:
    """Count pictures that are black, and pictures of which nearly every value is 0 or 1."""
    values = pictures.reshape(len(pictures), -1) / 255
    black = values.mean(axis=1) < _BLACK
    extreme = ((values < _EXTREME) | (values > 1 - _EXTREME)).mean(axis=1) > _ALL
    return int(black.sum()), int((extreme & ~black).sum())


def edges_on_lines(pictures: Bytes, sketches: Bytes) -> float:
    """Return the share of drawn pixels near an edge, less that of another pair's sketch; see above."""
    near = np.stack([_near_edges(picture) for picture in pictures])
    drawn = sketches < _DRAWN_UNDER
    kept = drawn.any(axis=(1, 2))
    near, drawn = near[kept], drawn[kept]
    if len(near) < 2:
        return float("nan")
    own, chance = (_share(near, lines) for lines in (drawn, np.roll(drawn, len(drawn) // 2, axis=0)))
    return float((own - chance).mean())


def _share(near: NDArray[np.bool_], drawn: NDArray[np.bool_]) -> Floats:
    return (near & drawn).sum(axis=(1, 2)) / drawn.sum(axis=(1, 2))


def _near_edges(picture: Bytes) -> NDArray[np.bool_]:
    lab = to_lab(picture.transpose(1, 2, 0).astype(np.float32) / np.float32(255)) * np.array(DISTANCE, np.float32) * 100
    edges = thin_edges(*edge_strength(lab))
    if not edges.any():
        return edges
    return np.asarray(ndimage.distance_transform_edt(~edges)) <= _NEAR_PX


def _parts(pictures: Bytes) -> list[Bytes]:
    return [np.ascontiguousarray(pictures[i : i + _BATCH]) for i in range(0, len(pictures), _BATCH)]
