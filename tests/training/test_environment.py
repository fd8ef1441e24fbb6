"""Drawing as a game: gymnasium's own checks, rewards that add up, and the same pictures under a seed."""

import numpy as np
import pytest

from strokewright.errors import OptionError
from strokewright.render.actions import render_actions

pytest.importorskip("gymnasium")

from gymnasium.utils.env_checker import check_env

from strokewright.training.environment import REWARD_SCALE, DrawingEnvironment, Easels


@pytest.fixture
def pictures():
    ink = np.zeros((5, 28, 28), dtype=np.uint8)
    for i in range(5):
        ink[i, 4:24, 4 * i + 3 : 4 * i + 6] = 255
    return ink


def test_gymnasium_accepts_it(pictures):
    check_env(DrawingEnvironment(pictures), skip_render_check=True)


def test_an_episode_ends_after_its_moves_and_a_seed_repeats_it(pictures):
    environment = DrawingEnvironment(pictures, moves=3)
    first, _ = environment.reset(seed=7)
    ends = [environment.step(np.full(8, 0.5, dtype=np.float32))[2] for _ in range(3)]
    assert ends == [False, False, True]
    others = [environment.reset()[0] for _ in range(5)]
    again, _ = environment.reset(seed=7)
    assert np.array_equal(first, again)
    assert not first[1].any(), "the canvas begins empty"
    assert not all(np.array_equal(first, other) for other in others)


def test_rewards_add_up_to_what_the_true_renderer_says(pictures):
    easels = Easels(pictures, 4, moves=2, seed=1)
    easels.reset()
    blank = np.square(easels.target).mean(axis=(1, 2))
    actions = np.random.default_rng(0).random((4, 2, 8))
    rewards = [easels.step(actions[:, move])[0] for move in range(2)]
    ones = [render_actions(easels.vocabulary, actions[:, move : move + 1], 28)[:, 0] for move in range(2)]
    left = np.square(easels.target - np.maximum(*ones)).mean(axis=(1, 2))
    assert np.allclose(sum(rewards), REWARD_SCALE * (blank - left), atol=1e-5)


def test_a_mark_on_the_ink_earns_more_than_one_beside_it(pictures):
    easels = Easels(pictures[:1], 2)
    easels.reset()
    on = easels.vocabulary.encode([4.5, 5, 4.5, 14, 4.5, 23, 3, 3], 28)
    beside = easels.vocabulary.encode([20, 5, 20, 14, 20, 23, 3, 3], 28)
    reward, _ = easels.step(np.stack([on, beside]))
    assert reward[0] > 0 > reward[1]


def test_colours_and_wrong_shapes_are_refused(pictures):
    with pytest.raises(OptionError, match="paints ink"):
        Easels(pictures, vocabulary="quadratic-colour")
    with pytest.raises(OptionError, match=r"\(n, size, size\)"):
        Easels(pictures[0])
