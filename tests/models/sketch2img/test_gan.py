"""Training: each fault of the report is mended, collapses are seen and undone, and a resumed run is the same run."""

import os
import signal

import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from sketch2img_models import LABELS, SMALL, build, shapes
from strokewright.errors import OptionError
from strokewright.models.pretrained import load_pretrained
from strokewright.models.sketch2img import PRESETS, Sketch2Img, Sketch2ImgConfig, gan
from strokewright.models.sketch2img.classifier import PhotoClassifier
from strokewright.training.checkpoints import list_checkpoints
from strokewright.training.config import DataSpec, ModelSpec, RunConfig, Source, TrainingOptions, TurnOptions
from strokewright.training.run import Run, start

MODERN = {**PRESETS["modern"], "penalty_every": 2}


def turns(model, batch=None):
    """Take both turns of a step; return their scores, the gradients left where they fell."""
    torch.manual_seed(1)
    batch = shapes() if batch is None else batch
    scores = {}
    for name in model.turns():
        model.zero_grad()
        scores[name] = model.turn(name, batch)
        scores[name]["loss"].backward()
        scores[name]["moved"] = {n for n, p in model.named_parameters() if p.grad is not None and p.grad.any()}
    return scores


def test_the_generator_is_paid_for_the_right_class():
    """Fault 1: the report subtracted the class loss."""
    losses = {}
    for told in (0, 1):
        model = build(adversarial="hinge", penalty="none")
        batch = {**shapes(), "label": torch.zeros(6, dtype=torch.long)}
        model.discriminator.classes.bias.data = 3 * F.one_hot(torch.tensor(told), 2).float()
        losses[told] = turns(model, batch)["generator"]["loss"].item()
    assert losses[0] < losses[1]


def test_the_discriminator_learns_classes_from_photos_alone(monkeypatch):
    """Fault 2: it was also taught that fakes are of their class."""
    rows = []
    real = gan.focal_loss
    monkeypatch.setattr(gan, "focal_loss", lambda logits, *rest: rows.append(len(logits)) or real(logits, *rest))
    turns(build(penalty="none"))
    turns(build(penalty="none", class_on_fakes=True))
    assert rows == [6, 6, 6]


def test_the_generator_gets_the_generators_loss():
    """Fault 4: the report's notebook called the discriminator's: here, the better a fake looks, the lower it is."""
    low, high = (build(penalty="none") for _ in range(2))
    high.discriminator.logit.bias.data += 2
    scores = [turns(model)["generator"]["adversarial"].item() for model in (low, high)]
    assert scores[1] < scores[0]


@pytest.mark.parametrize("preset", ["paper", "modern", "pix2pix"])
def test_the_discriminator_sees_the_sketch_and_no_norm_beside_spectral_norm(preset):
    """Fault 5."""
    model = build(**PRESETS[preset])
    batch = shapes()
    picture = torch.rand(6, 3, 32, 32)
    distance = gan.to_unit(batch["distance"])[:, None]
    outputs = [model.discriminator(picture, seen)[0] for seen in (distance, distance.flip(0))]
    assert (outputs[0] - outputs[1]).abs().max() > 1e-5
    kinds = {type(layer).__name__ for layer in model.discriminator.modules()}
    assert not any("BatchNorm" in kind for kind in kinds)
    assert "SpectralNorm" not in kinds  # each preset has a penalty or none; `photo_cifar_hinge` has the norm


@pytest.mark.parametrize("precision", ["single", "mixed"])
@pytest.mark.parametrize("preset", ["paper", "modern", "pix2pix"])
def test_each_turn_moves_its_own_network(preset, precision):
    """Fault 6: fakes were not detached in the discriminator's step."""
    model = build(**PRESETS[preset])
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "mixed"):
        scores = turns(model)
    assert {name.partition(".")[0] for name in scores["discriminator"]["moved"]} == {"discriminator"}
    assert {name.partition(".")[0] for name in scores["generator"]["moved"]} == {"product"}
    assert all(score["loss"].isfinite() for score in scores.values())


def mirrored(picture, distance, kinds):
    """Stands for the augmentation: no chance, and what is left out or moved alone shows."""
    return (picture.flip(3), distance.flip(3)) if kinds else (picture, distance)


@pytest.mark.parametrize("preset", ["paper", "modern", "pix2pix"])
def test_losses_and_slopes_of_both_turns_are_the_sum_of_their_parts(preset, monkeypatch):
    """Faults 1 to 6 at once: signs, weights, who sees what, and whose gradient reaches whom."""
    model = build(**{**PRESETS[preset], "penalty_every": 1, "diversity_limit": None})
    config, net = model.config, model.discriminator
    batch = shapes()
    photo, distance = gan.to_unit(batch["photo"]), gan.to_unit(batch["distance"])[:, None]
    label, twins = batch["label"], round(6 * config.diversity_share) if config.diversity_weight else 0
    noise = torch.randn(6 + twins, 8)
    monkeypatch.setattr(gan, "augment", mirrored)
    monkeypatch.setattr(model.product, "draw_noise", lambda count: noise[:count])
    penalised = []

    def penalty(judge, real):
        penalised.append((real, torch.is_autocast_enabled("cpu"), judge(real)))
        return penalised[-1][2].square().mean()

    monkeypatch.setattr(gan, "dragan_penalty", penalty)
    ours = {}
    for name, part in (("discriminator", net), ("generator", model.product)):
        model.zero_grad()
        loss = model.turn(name, batch)["loss"]
        loss.backward()
        ours[name] = loss.item(), slopes_of(part)

    fakes = model.product(torch.cat([distance, distance[:twins]]), torch.cat([label, label[:twins]]), noise)
    fake = fakes[:6]
    (real_logit, real_class), (seen, _) = (
        net(*mirrored(pictures, distance, config.augment)) for pictures in (photo, fake.detach())
    )
    chance = real_class.log_softmax(1)[range(6), label]
    expected = config.class_weight * ((1 - chance.exp()) ** config.focus * -chance).mean()
    if config.adversarial == "relativistic":
        expected = expected + F.softplus(seen - real_logit).mean()
        slopes = 0
        for pictures in (photo, fake.detach()):
            moved, beside = mirrored(pictures, distance, config.augment)
            score = net(moved.requires_grad_(), beside)[0].mean((1, 2, 3)).sum()
            slopes = slopes + torch.autograd.grad(score, moved, create_graph=True)[0].square().sum() / 6
        expected = expected + config.penalty_weight / 2 * slopes
    else:
        expected = expected + F.softplus(seen).mean() + F.softplus(-real_logit).mean()
    if config.penalty == "dragan":
        ((near, mixed, _),) = penalised
        assert torch.equal(near, photo)
        assert not mixed
        expected = expected + config.penalty_weight * net(photo, distance)[0].square().mean()
    agree(ours["discriminator"], expected, net)

    logit, classes = net(*mirrored(fake, distance, config.augment))
    relative = real_logit.detach() if config.adversarial == "relativistic" else 0
    expected = F.softplus(relative - logit).mean() + config.l1_weight * (fake - photo).abs().mean()
    expected = expected + config.generator_class_weight * F.cross_entropy(classes, label)
    expected = expected + config.perceptual_weight * gan.perceptual_distance(gan.Pyramid(), fake, photo)
    if twins:
        apart = (noise[:twins] - noise[6:]).norm(dim=1)
        change = (fake[:twins] - fakes[6:]).abs().mean((1, 2, 3))
        expected = expected - config.diversity_weight * (change / apart).mean()
    agree(ours["generator"], expected, model.product)


def slopes_of(part):
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in part.parameters()]


def agree(ours, expected, part):
    part.zero_grad()
    expected.backward()
    assert ours[0] == pytest.approx(expected.item(), rel=1e-4)
    for one, other in zip(ours[1], slopes_of(part), strict=True):
        assert torch.allclose(one, other, rtol=1e-3, atol=1e-5)


def test_a_spectral_norm_moves_once_a_step():
    model = build(spectral_norm=True, penalty="none")
    norm = model.discriminator.stem.parametrizations.weight[0]
    before = norm.u.clone()
    model.discriminator.stem.parametrizations.weight.original.data.mul_(torch.rand(8, 1, 1, 1))
    model.turn("discriminator", shapes())
    moved = norm.u.clone()
    assert not torch.equal(moved, before)
    model.turn("generator", shapes())
    assert torch.equal(norm.u, moved)


def test_penalties_are_taken_in_single_precision():
    seen = []
    model = build(**{**MODERN, "penalty_every": 1})
    model.discriminator.stem.register_forward_hook(lambda module, inputs, output: seen.append(output.dtype))
    with torch.autocast("cpu", torch.bfloat16):
        model.turn("discriminator", shapes())
    assert seen == [torch.bfloat16, torch.float32]


@pytest.mark.parametrize(
    "variant", [{}, {"start": "label"}, {"start": "label", "norm": "plain"}, {"network": "unet"}], ids=str
)
def test_label_noise_and_sketch_all_count(variant):
    """Faults 6 and 7; a single picture's noise counts too, which the original's batch norm wipes out."""
    torch.manual_seed(0)
    model = Sketch2Img.from_options({**SMALL, **variant}).eval()
    for parameter in model.parameters():  # as after some training
        parameter.data += 0.05 * torch.randn_like(parameter)
    distance, label, noise = gan.to_unit(shapes(1)["distance"])[:, None], torch.tensor([0]), torch.randn(1, 8)
    with torch.no_grad():
        picture = model(distance, label, noise)
        for other in (
            model(distance.flip(3), label, noise),
            model(distance, label + 1, noise),
            model(distance, label, -noise),
        ):
            assert (other - picture).abs().mean() > 1e-5
        batch = model(distance.repeat(5, 1, 1, 1), torch.tensor([0, 1, 1, 0, 1]), torch.cat([noise, torch.randn(4, 8)]))
    assert torch.allclose(batch[:1], picture, atol=1e-4)


def test_a_label_that_would_change_nothing_is_refused():
    with pytest.raises(OptionError, match="the label changes nothing"):
        build(norm="plain")


def test_penalties_come_each_so_many_steps_and_weigh_as_much_more():
    losses = {}
    for step in (0, 1):
        for every in (1, 2):
            model = build(**{**MODERN, "penalty_every": every, "penalty_weight": 5.0, "augment": ()})
            model.set_step(step)
            losses[step, every] = turns(model)["discriminator"]["loss"].item()
    plain = losses[1, 2]
    assert losses[0, 2] - plain == pytest.approx(2 * (losses[0, 1] - plain), rel=1e-3)
    assert losses[0, 1] == losses[1, 1] > plain


def test_weights_of_losses_move_with_the_run():
    scores = []
    for share in (0.0, 1.0):
        model = build(penalty="none", l1_weight=0.0, l1_weight_end=10.0)
        model.set_progress(share)
        scores.append(turns(model)["generator"])
    assert (scores[1]["loss"] - scores[0]["loss"]).item() == pytest.approx(20 * scores[0]["l1"].item(), rel=1e-4)


@pytest.mark.parametrize("bias", [-9.0, 9.0])
def test_black_and_saturated_pictures_are_no_loss_at_all(bias):
    """Fault 8: the report's pictures turned black, and training went on."""
    model = build(penalty="none")
    assert all(scores["loss"].isfinite() for scores in turns(model).values())
    model.product.network.paint.bias.data.fill_(bias)
    assert all(scores["loss"].isnan() for scores in turns(model).values())


def test_kinds_are_what_the_class_losses_tell_apart():
    model = build(**{**MODERN, "kinds": 5})
    assert model.discriminator.classes.out_features == 5
    assert turns(model, {**shapes(), "kind": torch.tensor([0, 1, 2, 3, 4, 0])})["generator"]["loss"].isfinite()


def test_the_discriminator_can_have_a_loader_of_its_own():
    own = shapes(6, index=5)
    batch = {**shapes(), "real_photo": own["photo"], "real_distance": own["distance"], "real_kind": own["label"]}
    for penalty in ("none", "dragan"):
        seen = []
        model = build(penalty=penalty)
        hook = model.discriminator.register_forward_pre_hook
        hook(lambda module, inputs, seen=seen: seen.append(inputs))
        turns(model, batch)
        picture, distance = seen[0]
        assert torch.equal(picture[:6], gan.to_unit(own["photo"]))
        assert torch.equal(distance, gan.to_unit(torch.cat([own["distance"], batch["distance"]]))[:, None])
        if penalty == "dragan":
            assert torch.equal(seen[1][1], distance[:6])
        assert torch.equal(seen[-1][1], distance[6:])  # the generator's turn: its own sketches
    with pytest.raises(OptionError, match="relativistic loss compares"):
        turns(build(**MODERN), batch)


def run_config(**training):
    place = "sketch2img_models:Shapes"
    defaults = {"steps": 8, "batch_size": 4, "ema_decay": 0.9, "log_every": 2, "evaluate_every": 4, "sample_every": 8}
    options = {**defaults, "evaluation_batches": 1, "checkpoint_every": 4, "device": "cpu", "betas": (0.0, 0.9)}
    return RunConfig(
        model=ModelSpec(name="strokewright.models.sketch2img.gan:Sketch2ImgGAN", config={**MODERN, **SMALL}),
        data=DataSpec(train=Source(make=place), evaluation=Source(make=place, options={"seed": 9})),
        training=TrainingOptions(**{**options, **training}),
    )


def test_a_killed_and_resumed_run_is_the_same_run(tmp_path):
    def press(event):
        if event.kind == "step":
            assert {"generator.diversity", "generator.black"} <= set(event.watched) <= event.values.keys()
        if event.kind == "step" and event.step == 4:
            os.kill(os.getpid(), signal.SIGINT)

    straight = start(run_config(), tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        start(run_config(), tmp_path / "killed", callback=press)
    resumed = Run(tmp_path / "killed").resume()
    for place in (
        "model/model.safetensors",
        f"checkpoints/{list_checkpoints(tmp_path / 'straight/checkpoints')[-1].name}",
    ):
        first, second = ((run.out / place) for run in (straight, resumed))
        assert load_bytes(first) == load_bytes(second)
    model = load_pretrained(straight.out / "model")
    assert isinstance(model, Sketch2Img)
    assert model.config == Sketch2ImgConfig.model_validate({**MODERN, **SMALL})
    row = straight.metrics()[-1]
    assert {
        "discriminator.class_accuracy",
        "generator.diversity",
        "generator.black",
        "evaluation.saturated",
    } <= row.keys()
    assert (straight.out / "samples" / "step-000000008.png").exists()


def load_bytes(path):
    return {name: tensor.numpy().tobytes() for name, tensor in load_file(path).items()}


def test_a_collapse_is_rolled_back(tmp_path):
    """Three batches of black pictures: back to the last planned checkpoint, and on."""
    events = []

    def blacken(event):
        events.append((event.kind, event.step))
        if event.kind == "step" and event.step == 5:
            model[0].product.network.paint.bias.data.fill_(-9.0)

    model = []
    make = gan.Sketch2ImgGAN.from_options.__func__

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            gan.Sketch2ImgGAN, "from_options", classmethod(lambda cls, o: model.append(make(cls, o)) or model[0])
        )
        start(run_config(steps=12, checkpoint_minutes=None), tmp_path / "run", callback=blacken)
    assert [event for event in events if event[0] in ("bad", "rolled_back")] == [
        ("bad", 6),
        ("bad", 7),
        ("bad", 8),
        ("rolled_back", 8),
    ]
    assert ("step", 12) in events


def test_turns_have_rates_of_their_own_and_unknown_ones_are_refused(tmp_path):
    still = TurnOptions(rate_share=1e-12)
    run = start(run_config(steps=4, turns={"generator": still}, ema_decay=0.0), tmp_path / "run")
    before, after = (load_file(path) for path in list_checkpoints(run.out / "checkpoints"))
    changed = {
        name.split(".")[1]
        for name in before
        if name.startswith("model.")
        and name.endswith("weight")
        and not torch.allclose(before[name], after[name], atol=1e-7)
    }
    assert changed == {"discriminator"}
    with pytest.raises(OptionError, match="no turn 'judge'; it has discriminator, generator"):
        start(run_config(turns={"judge": still}), tmp_path / "other")


def test_a_known_generator_can_begin_a_run(tmp_path):
    first = start(run_config(steps=4), tmp_path / "first")
    config = run_config(steps=1, learning_rate=1e-12, ema_decay=0.0)
    second = start(config.replaced({"model.start": str(first.out / "model")}), tmp_path / "second")
    before, after = (load_file(run.out / "model" / "model.safetensors") for run in (first, second))
    assert torch.allclose(before["network.stem.weight"], after["network.stem.weight"], atol=1e-6)
    assert Sketch2Img.from_pretrained(second.out / "model").config.labels == LABELS


def test_a_classifier_can_see_the_features(tmp_path):
    torch.manual_seed(0)
    PhotoClassifier.from_options({"labels": LABELS, "size": 32, "base": 4}).save_pretrained(tmp_path)
    model = build(penalty="none", feature_net=str(tmp_path))
    scores = turns(model)
    assert scores["generator"]["perceptual"] > 0
    assert not any("stages" in name for name in model.state_dict())
    Sketch2Img.from_options(SMALL).save_pretrained(tmp_path / "other")
    with pytest.raises(OptionError, match="expected a photo classifier or another FeatureNet, got a Sketch2Img"):
        build(feature_net=str(tmp_path / "other"))


class Halves(torch.nn.Module):
    """A feature net of one's own: what is left and right."""

    def __init__(self):
        super().__init__()
        self.share = torch.nn.Parameter(torch.ones(1))

    def features(self, picture):
        return [self.share * half.mean((2, 3)) for half in picture.chunk(2, 3)]


def test_a_feature_net_of_ones_own_is_named_by_its_module():
    model = build(penalty="none", feature_net=f"{__name__}:Halves")
    scores = turns(model)
    assert scores["generator"]["perceptual"] > 0
    assert not any(parameter is model._features[0].share for parameter in model.parameters())
    with pytest.raises(OptionError, match="no module 'not_there'"):
        build(feature_net="not_there:Net")
