"""How a rectangle of a plan becomes a token: its pictures, its place, how it stands to others; and layers of tokens."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from strokewright.models.canvas_drawer.rooms.candidates import CROP, crop_windows
from strokewright.models.canvas_drawer.rooms.evidence import PICTURE_PX
from strokewright.render.box import coverage

HEADS = 4
PLACES = 15
RELATIONS = 9
CHANNELS = 6
"""Of the pictures that `outlined` returns."""
_TOUCHING_PX = 14.0


def outlined(crops: Tensor, boxes: Tensor) -> Tensor:
    """Paint boxes (n, 4) into both windows of their pictures (n, 4, 40, 40), as two more channels (n, 6, 40, 40)."""
    windows = torch.from_numpy(crop_windows(boxes.detach().cpu().numpy())).to(boxes).flatten(0, 1)
    scale = CROP / (windows[:, 2:] - windows[:, :2])
    inside = (boxes.repeat_interleave(2, dim=0) - windows[:, :2].repeat(1, 2)) * scale.repeat(1, 2)
    return torch.cat([crops, coverage(inside, (CROP, CROP)).unflatten(0, (-1, 2))], dim=1)


class Layer(nn.Module):
    """A layer of a transformer whose heads hear how the tokens stand to each other."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mix = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.think = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        """Return tokens (batch, n, width); bias (batch, heads, n, n)."""
        query, key, value = self.mix(self.before(tokens)).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
        seen = F.scaled_dot_product_attention(query, key, value, attn_mask=bias.to(query))
        tokens = tokens + self.drop(self.out(seen.transpose(1, 2).flatten(2)))
        return tokens + self.drop(self.think(self.between(tokens)))


def convolution(inputs: int, outputs: int) -> tuple[nn.Module, ...]:
    """Return a convolution that halves the side, with its norm and activation."""
    return nn.Conv2d(inputs, outputs, 3, 2, 1, bias=False), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.2)


def places(boxes: Tensor, span: Tensor) -> Tensor:
    """Describe boxes (batch, n, 4) by size, shape and place in the drawing's span (batch, 4): (batch, n, 15)."""
    low, high = boxes[..., :2], boxes[..., 2:]
    side = (high - low).clamp(min=1)
    start, end = span[:, None, :2], span[:, None, 2:]
    whole = (end - start).clamp(min=1)
    longer = whole.amax(dim=2, keepdim=True)
    area, part = side.prod(dim=2, keepdim=True), whole.prod(dim=2, keepdim=True)
    parts = [
        torch.log(side / 40),
        torch.log(side.amin(dim=2, keepdim=True) / 30),
        torch.log(side.amax(dim=2, keepdim=True) / 60),
        torch.log(area / 3000),
        torch.log(side[..., :1] / side[..., 1:]),
        ((low + high) / 2 - start) / whole - 0.5,
        (low - start) / longer,
        (end - high) / longer,
        torch.log(area / part) / 2,
        torch.log(whole[..., :1] / whole[..., 1:]).expand_as(area),
        torch.log(longer / PICTURE_PX).expand_as(area),
    ]
    return torch.cat(parts, dim=2)


def relations(boxes: Tensor, links: Tensor) -> Tensor:
    """Describe how boxes (batch, n, 4) stand to each other: gaps, walls shared, distances, sizes, doors: 9 numbers."""
    one, other = boxes[:, :, None], boxes[:, None]
    gap = torch.maximum(one[..., :2], other[..., :2]) - torch.minimum(one[..., 2:], other[..., 2:])
    beside = ((gap < _TOUCHING_PX) & (gap.flip(-1) < 0)).float()
    apart = ((one[..., :2] + one[..., 2:]) - (other[..., :2] + other[..., 2:])).abs() / 200
    size = torch.log((boxes[..., 2:] - boxes[..., :2]).prod(dim=2).clamp(min=1))
    larger = (size[:, :, None] - size[:, None])[..., None] / 2
    same = torch.eye(boxes.shape[1], device=boxes.device).expand(len(boxes), -1, -1)[..., None]
    return torch.cat([(gap / 30).clamp(-2, 4), beside, apart, larger, same, links[..., None].to(boxes)], dim=3)
