"""The painter: a picture in, a fixed number of moves out, trained by the picture that they paint.

simple: a hidden layer sees the picture, one linear layer gives all moves. recurrent: an LSTM gives them one by one.
canvas-recurrent: it also sees the canvas. All can be made denoising or variational (`latent`, `cost`): the ten settings
of Figure 5.9 of the thesis. After that, `looks` times, every move reads its surroundings and is corrected. `sorter`
decides what lies above; then moves come out sorted, painted in that order.

Source: Jaques, "Teaching Machines to Paint" (2016), chapter 5. Corrections, depth, stop and soft edges are ours.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from strokewright.drawing import Drawing
from strokewright.errors import OptionError
from strokewright.models.painter import sorter
from strokewright.models.painter.actions import from_corners, layout, opening, to_corners, to_features, to_moves
from strokewright.models.painter.config import PainterConfig
from strokewright.models.painter.lessons import lesson
from strokewright.models.painter.networks import Correct, See, start_small
from strokewright.models.painter.prior import MovePrior
from strokewright.models.painter.restack import descended, places_changed, unusual
from strokewright.models.painter.scores import scene_scores
from strokewright.models.painter.state import Page, Painting, State
from strokewright.models.painter.wasted import laid_anew, least_needed
from strokewright.models.pretrained import Pretrained
from strokewright.render.skia import render
from strokewright.render.template import Moves, TemplateBank, paper, superpose, superpose_all, to_drawing, write

_TINY = 1e-2  # pixels
_PALEST = 0.02
_POLISH_RATE = 0.02
_RESTACK_LOOKS = 4
_SURE = 1e-3  # cross-entropy counts no pixel as surer than that


class Painter(Pretrained):
    """Paints pictures in a fixed number of moves."""

    def __init__(self, config: PainterConfig) -> None:
        super().__init__()
        self.config = config
        width, moves = layout(config).width, config.moves
        one_by_one = config.network != "simple"
        self.bank = TemplateBank(config.templates, config.learnable)
        self.see = See(config, config.colours)
        self.see_canvas = See(config, config.colours) if config.network == "canvas-recurrent" else None
        heard = config.hidden * (2 if self.see_canvas else 1)
        self.memory = nn.LSTMCell(heard, config.hidden) if one_by_one else None
        plain = config.latent in ("none", "moves") and config.cost == "none"
        features = config.hidden if plain else config.latent_size
        self.mean = None if plain else nn.Linear(config.hidden, features)
        self.deviation = nn.Linear(config.hidden, features) if config.latent == "variational" else None
        self.act = nn.Linear(features, width if one_by_one else width * moves)
        start_small(self.act)
        self.start = nn.Parameter(opening(config))
        self.correct = Correct(config) if config.looks else None
        self.prior = MovePrior(width * moves) if config.latent == "moves" else None
        self._share = 1.0  # of the training; sharp edges unless the loop says otherwise

    def set_progress(self, share: float) -> None:
        """Hear how much of the training is done, 0 to 1: edges grow sharp."""
        self._share = share

    def page(self) -> Page:
        """Return what is painted on at this point of the training: small and soft, later large and sharp."""
        config = self.config
        softness = config.softness_px * max(0.0, 1 - self._share / max(config.soft_share, 1e-9))
        coarse = self.training and config.coarse_px and self._share < config.coarse_share
        return Page(config.coarse_px if coarse else config.size_px, softness)

    def blank(self, batch: int, side_px: int) -> Tensor:
        """Return bare canvases (batch, channels, side, side)."""
        colour = (self.config.paper,) * self.config.colours
        return paper(batch, colour, (side_px, side_px), self.start.device)

    def paint(self, picture: Tensor, page: Page | None = None) -> Painting:
        """Paint pictures (batch, channels, side, side); the last canvas is the painting.

        While training each look changes the moves. Later a look that makes a picture worse is undone for it, and then,
        as often as the config says and where that makes a picture better: moves that are needed least are laid anew;
        all are polished; two change places.

        Args:
            picture: What to paint.
            page: What to paint on; None: a sharp one of the picture's size.
        """
        page = Page(picture.shape[-1]) if page is None else page
        features = self.see(picture)
        action, cost = self._propose(features, page)
        if not self.training:
            state = self._looked(picture, action, features, page)
            for _ in range(self.config.replacements):
                tried = self._looked(picture, self._replaced(picture, state, page), features, page)
                state = state.or_better(tried, picture)
            state = self._restacked(picture, self._polished(picture, state, page), features, page)
            return Painting([state.shown], [state.canvas], cost)
        state = self._felt(picture, action, page)
        states = [state]
        for _ in range(min(self.config.taught_looks or self.config.looks, self.config.looks)):
            change = self._change(picture, state, features, page)
            state = self._felt(picture, state.action + change, page)
            states.append(state)
        return Painting([state.shown for state in states], [state.canvas for state in states], cost)

    def _looked(self, picture: Tensor, action: Tensor, features: Tensor, page: Page, looks: int | None = None) -> State:
        """Correct actions look by look; one that makes a picture worse is undone, and the next is half as bold."""
        state = self._felt(picture, action, page)
        courage = action.new_ones(len(action), 1, 1)
        for _ in range(self.config.looks if looks is None else looks):
            change = courage * self._change(picture, state, features, page)
            tried = self._felt(picture, state.action + change, page)
            courage = torch.where(tried.errors(picture) < state.errors(picture), courage, courage / 2)
            state = state.or_better(tried, picture)
        return state

    def _change(self, picture: Tensor, state: State, features: Tensor, page: Page) -> Tensor:
        assert self.correct is not None  # there is one where looks are
        relief = self._relief(state.shown, page) if self.config.sorter == "depth" else None
        return self.correct(picture, state.canvas, state.shown, features, state.slope, relief)

    @torch.no_grad()
    def _relief(self, actions: Tensor, page: Page) -> Tensor:
        """Return the depth (batch, 1, side, side) of what is seen; the page lies at 0."""
        masks, depth = self._masks(to_moves(self.config, actions), page), self.depth(actions)
        return sorter.by_depth(masks, depth[..., None], depth, torch.zeros_like(masks[:, :1]))

    def _replaced(self, picture: Tensor, state: State, page: Page) -> Tensor:
        """Lay the move of each picture that is needed least where most is amiss."""
        moves = to_moves(self.config, state.shown)
        masks = self._masks(moves, page).detach()
        wasted = least_needed(masks, lambda masks: self._laid(masks, moves, state.shown), picture)
        return laid_anew(self.config, state.action, wasted, picture, state.canvas)

    def _polished(self, picture: Tensor, state: State, page: Page) -> State:
        """Make the moves exact by gradient descent, as far as the config says."""
        if not self.config.polish:
            return state

        def cost(actions: Tensor) -> Tensor:
            return self._cost(actions, self._shown(picture, actions, page)[1], picture)

        return self._felt(picture, descended(cost, state.action, self.config.polish, _POLISH_RATE), page)

    def _restacked(self, picture: Tensor, state: State, features: Tensor, page: Page) -> State:
        """Let every two moves change places, for each picture where that is better."""
        for _ in range(self.config.restacks):
            for one, other in combinations(range(self.config.moves), 2):
                changed = places_changed(self.config, state.action, one, other)
                tried = self._looked(picture, changed, features, page, _RESTACK_LOOKS)
                tried = self._polished(picture, tried, page)
                costs = (self._cost(part.action, part.canvas, picture) for part in (tried, state))
                state = state.where_not(torch.lt(*costs)[:, None, None], tried)
        return state

    def _cost(self, actions: Tensor, canvas: Tensor, picture: Tensor) -> Tensor:
        """Return what actions cost (batch,): squared errors, and sizes that are unusual."""
        return (canvas - picture).square().flatten(1).sum(dim=1) + unusual(self.config, actions)

    def _felt(self, picture: Tensor, actions: Tensor, page: Page) -> State:
        """Paint actions, and measure how the squared error, a sum over pixels, changes with each of them."""
        if not self.config.feels:
            return State(actions, *self._shown(picture, actions, page), None)
        trained = actions.requires_grad
        with torch.enable_grad():
            felt = actions if trained else actions.detach().requires_grad_()
            shown, canvas = self._shown(picture, felt, page)
            error = F.mse_loss(canvas, picture, reduction="sum")
            (slope,) = torch.autograd.grad(error, felt, retain_graph=trained)
        return State(actions, *((shown, canvas) if trained else (shown.detach(), canvas.detach())), slope)

    def _shown(self, picture: Tensor, actions: Tensor, page: Page) -> tuple[Tensor, Tensor]:
        """Paint actions, with the picture's own colours added where the config says so; return both."""
        if not self.config.reads_colour:
            return actions, self.canvas_of(actions, page)
        moves = to_moves(self.config, actions, self.training)
        masks, columns = self._masks(moves, page), layout(self.config).colour
        seen = read_colours(picture, masks.detach())
        shown = torch.cat(
            [actions[..., : columns.start], actions[..., columns] + seen, actions[..., columns.stop :]], dim=-1
        )
        return shown, superpose_all(self.blank(len(picture), page.side_px), masks, to_moves(self.config, shown).what)

    def _propose(self, features: Tensor, page: Page) -> tuple[Tensor, Tensor]:
        """Choose the moves: actions (batch, moves, columns), and the latent cost (batch,)."""
        config = self.config
        if self.memory is None:
            hidden, cost = self._disturbed(features)
            return self.start + self.act(hidden).view(len(features), config.moves, -1), cost
        state = (torch.zeros_like(features), torch.zeros_like(features))
        canvas, total = self.blank(len(features), page.side_px), features.new_zeros(len(features))
        actions: list[Tensor] = []
        for move in range(config.moves):
            heard = features
            if self.see_canvas is not None:
                heard = torch.cat([features, self.see_canvas(canvas)], dim=1)
            state = self.memory(heard, state)
            hidden, cost = self._disturbed(state[0])
            actions.append(self.start[move] + self.act(hidden))
            total = total + cost
            if self.see_canvas is not None:
                canvas = self._after(canvas, actions[-1], page).detach()
        return torch.stack(actions, dim=1), total

    def _after(self, canvas: Tensor, action: Tensor, page: Page) -> Tensor:
        moves = to_moves(self.config, action[:, None])
        return superpose(canvas, self._masks(moves, page)[:, 0], moves.what[:, 0])

    def _masks(self, moves: Moves, page: Page) -> Tensor:
        """Return the masks (batch, moves, height, width), those of moves that are there."""
        size, upright = (page.side_px, page.side_px), self.config.freedom == "upright"
        masks = write(self.bank, moves.which, moves.where, size, page.softness_px, upright)
        return masks if moves.there is None else masks * moves.there[..., None, None]

    def _disturbed(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Turn features into noisy ones as the config says, with their latent cost (batch,)."""
        config = self.config
        mean = hidden if self.mean is None else self.mean(hidden)
        log = torch.zeros_like(mean) if self.deviation is None else self.deviation(hidden)
        noisy = mean if config.latent in ("none", "moves") else mean + log.exp() * torch.randn_like(mean)
        if config.cost == "none":
            return noisy, mean.new_zeros(len(mean))
        spread = (2 * log).exp() - 2 * log - 1 if config.cost == "full" else torch.zeros_like(log)
        return noisy, (mean.square() + spread).sum(dim=1) / 2

    def canvas_of(self, actions: Tensor, page: Page) -> Tensor:
        """Paint actions (batch, moves, columns) as they stand: (batch, channels, side, side)."""
        moves = to_moves(self.config, actions, self.training)
        return self._laid(self._masks(moves, page), moves, actions)

    def _laid(self, masks: Tensor, moves: Moves, actions: Tensor) -> Tensor:
        """Lay masks (batch, moves, height, width) in the colours of moves, in the order that the actions say."""
        canvas = self.blank(len(masks), masks.shape[-1])
        if self.config.sorter == "none":
            return superpose_all(canvas, masks, moves.what)
        sort = sorter.pair if self.config.sorter == "pair" else sorter.by_depth
        return sort(masks, moves.what, self.depth(actions), canvas)

    def depth(self, actions: Tensor) -> Tensor:
        """Return the depth (batch, moves) of each move; larger numbers lie above."""
        columns = layout(self.config).depth
        if columns.stop == columns.start:
            return actions.new_zeros(actions.shape[:2])
        return 10 * actions[..., columns.start]

    def moves(self, picture: Tensor) -> Moves:
        """Return the final moves for pictures, sure ones: sorted, one template each, there or not."""
        with torch.no_grad():
            return self.sure(self.paint(picture.float()).actions[-1])

    @torch.no_grad()
    def features(self, picture: Tensor) -> Tensor:
        """Return the final moves for pictures as features (batch, moves × numbers); see `to_features`.

        Moves stay in the painter's own order, also where it sorts them: move i of one picture answers to move i of
        another. Sorted by place or size they do not, and tell much less.
        """
        return to_features(self.config, self.paint(picture.float()).actions[-1]).flatten(1)

    def sure(self, actions: Tensor) -> Moves:
        """Turn actions (batch, moves, columns) into moves without doubt."""
        moves = to_moves(self.config, actions)
        moves = moves._replace(which=F.one_hot(moves.which.argmax(-1), len(self.bank)).to(moves.which))
        if moves.there is not None:
            moves = moves._replace(there=(moves.there > 0.5).to(moves.there))
        return moves if self.config.sorter == "none" else sorter.in_order(moves, self.depth(actions))

    def dream(self, count: int, seed: int = 0) -> Moves:
        """Draw the moves of pictures from the prior of a painter with noisy moves.

        Raises:
            OptionError: The painter has no such prior.
        """
        if self.prior is None:
            raise OptionError('painter: expected latent="moves", which learns a prior; train painter_variational')
        rows = self.prior.sample(count, torch.Generator().manual_seed(seed))
        return self.sure(from_corners(self.config, rows.view(count, self.config.moves, -1)))

    def draw(self, picture: Tensor) -> list[Drawing]:
        """Paint pictures as drawings of stamps, one a move."""
        side = self.config.size_px
        return to_drawing(self.bank, self.moves(picture), (side, side), (self.config.paper,))

    def loss(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        """Paint and compare.

        Args:
            batch: `target` (batch, channels, size, size) in [0, 1]; perhaps the truth, see `lessons`.

        Returns:
            loss; pixels: mean squared distance of the last canvas; cost: the latent cost, a mean over pictures; lesson:
            while it is taught.
        """
        target, config = batch["target"].float(), self.config
        page = self.page()
        if page.side_px != target.shape[-1]:
            target = F.interpolate(target, (page.side_px, page.side_px), mode="area")
        painting = self.paint(target, page)
        cost, last = painting.cost, painting.actions[-1]
        if self.prior is not None:
            noisy, cost = self.prior.disturb(to_corners(config, last).flatten(1))
            painting.canvases[-1] = self.canvas_of(from_corners(config, noisy.view_as(last)), page)
        loss = self._weighed([self._distance(canvas, target) for canvas in painting.canvases])
        scores = {"pixels": F.mse_loss(painting.canvases[-1], target), "cost": cost.mean()}
        loss = loss + self._cost_weight(target[0].numel()) * scores["cost"]
        teaching = config.lesson * max(0.0, 1 - self._share / config.lesson_share)
        if teaching and "corners" in batch:
            lessons = [lesson(config, actions, self.depth(actions), batch) for actions in painting.actions]
            scores["lesson"] = self._weighed(lessons)
            loss = loss + teaching * scores["lesson"]
        return {"loss": loss} | scores

    def _weighed(self, losses: list[Tensor]) -> Tensor:
        """Weigh the last look against those before it."""
        if len(losses) == 1:
            return losses[0]
        share = self.config.early_share
        return (1 - share) * losses[-1] + share * torch.stack(losses[:-1]).mean()

    def _cost_weight(self, pixels: int) -> float:
        """Return what a nat of latent cost weighs in the loss."""
        config = self.config
        rise = min(1.0, self._share / config.cost_share) if config.cost_share else 1.0
        # A squared error that is a mean over pixels takes the cost as a mean, too.
        scale = 1.0 if config.entropy_loss else 1 / pixels
        if self.prior is not None:
            scale *= 2 * config.pixel_deviation**2
        return config.cost_weight * rise * scale

    def _distance(self, canvas: Tensor, target: Tensor) -> Tensor:
        if not self.config.entropy_loss:
            return F.mse_loss(canvas, target)
        sure = canvas.clamp(_SURE, 1 - _SURE)
        return F.binary_cross_entropy(sure, target, reduction="none").flatten(1).sum(dim=1).mean()

    @torch.no_grad()
    def metrics(self, batch: dict[str, Tensor]) -> dict[str, float]:
        """Measure what it paints by the true renderer: true_pixels, and scores where the batch holds the truth."""
        target = batch["target"].float()
        moves = self.moves(target)
        side = self.config.size_px
        drawings = to_drawing(self.bank, moves, (side, side), (self.config.paper,))
        painted = torch.from_numpy(render_all(drawings, self.config.colours)).to(target)
        scores = {"true_pixels": F.mse_loss(painted, target).item()}
        return scores | (scene_scores(moves, self.bank.names, batch, side) if "corners" in batch else {})

    def samples(self, batch: dict[str, Tensor]) -> Tensor:
        """Make a sheet (3, height, width) of 40 pairs, eight a row: picture, and painting."""
        target = batch["target"][:40].float()
        painted = torch.from_numpy(render_all(self.draw(target), self.config.colours)).to(target)
        pairs = F.pad(torch.cat([target, painted], dim=3).expand(-1, 3, -1, -1), (2, 2, 2, 2), value=0.5)
        pairs = F.pad(pairs, (0, 0, 0, 0, 0, 0, 0, -len(pairs) % 8))
        return pairs.unflatten(0, (-1, 8)).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)


@torch.no_grad()
def read_colours(picture: Tensor, masks: Tensor) -> Tensor:
    """Read the picture's mean colour where each mask is seen, as the number of an action (batch, moves, channels)."""
    batch, moves = masks.shape[:2]
    flat, bare = masks.flatten(2), masks.new_ones(batch, masks[0, 0].numel())
    # Sums of the colours, and of what is seen: a channel of ones is summed along with them.
    planes = torch.cat([picture, torch.ones_like(picture[:, :1])], dim=1).flatten(2).transpose(1, 2).contiguous()
    total = masks.new_empty(batch, moves, planes.shape[2])
    for move in reversed(range(moves)):
        seen = flat[:, move] * bare
        total[:, move] = torch.bmm(seen[:, None], planes)[:, 0]
        bare -= seen
    mean = (total[..., :-1] + _TINY) / (total[..., -1:] + 2 * _TINY)  # grey where nothing is seen
    return torch.logit(mean.clamp(_PALEST, 1 - _PALEST)) / 2


def render_all(drawings: list[Drawing], channels: int) -> NDArray[np.float32]:
    """Render drawings by Skia: (n, channels, height, width)."""
    return np.stack([render(drawing)[:channels] for drawing in drawings])
