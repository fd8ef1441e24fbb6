import hashlib
import tomllib

import pydantic
import pytest
import torch
from toy_training import Toy, ToyConfig

from strokewright import weights
from strokewright.errors import WeightsError
from strokewright.models.pretrained import load_pretrained
from strokewright.weights.export import export

FACTS = {
    "task": "Fits a sine",
    "recipe": "toy",
    "seed": 3,
    "data": 'random "numbers"',
    "licence": "Apache-2.0",
    "metrics": {"loss": 0.25},
    "limits": "Four inputs",
}


@pytest.fixture
def shipped(tmp_path, monkeypatch, toy_in_table):
    """A package with one toy model in it."""
    torch.manual_seed(0)
    model = Toy(ToyConfig(width=5))
    places = {"cards_path": tmp_path / "cards.toml", "files_dir": tmp_path / "files"}
    card = export(model, "fit/toy", **places, **FACTS)
    monkeypatch.setattr(weights, "cards", lambda: _cards(tmp_path / "cards.toml"))
    monkeypatch.setattr(weights.checked_path, "__defaults__", (tmp_path / "files",))
    return model, card, tmp_path / "files" / card.file, places


_cards = weights.cards


def test_every_bundled_model_loads_and_its_card_is_true():
    for card in weights.cards():
        model = weights.load_model(card.name)
        assert not model.training
        assert (weights.FILES_DIR / card.file).stat().st_size == card.size_bytes
    listed = {card.file for card in weights.cards()}
    assert {path.name for path in weights.FILES_DIR.glob("*.safetensors")} == listed


def test_an_exported_model_comes_back_in_half_precision_with_its_card(shipped):
    model, card, path, places = shipped
    assert weights.cards() == [card]
    assert card.data == FACTS["data"]
    assert card.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    loaded = weights.load_model("fit/toy")
    assert loaded.config == model.config
    for name, tensor in model.state_dict().items():
        assert loaded.state_dict()[name].dtype == tensor.dtype
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=1e-3, atol=1e-6)
    again = export(model, "fit/toy", **places, metrics={"loss": 0.125})
    assert (again.metrics, again.seed) == ({"loss": 0.125}, 3)
    assert len(tomllib.loads(places["cards_path"].read_text())["card"]) == 1


def test_a_damaged_or_missing_file_is_refused_with_the_command_that_repairs_it(shipped):
    _, _, path, _ = shipped
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"damaged: expected SHA-256 .*run `pip install --force-reinstall"):
        weights.load_model("fit/toy")
    path.unlink()
    with pytest.raises(WeightsError, match=r"found none; run `pip install --force-reinstall"):
        weights.load_model("fit/toy")


def test_an_unknown_name_gets_the_closest_and_the_list(shipped):
    with pytest.raises(WeightsError, match="no bundled model 'fit/tay'; did you mean fit/toy"):
        weights.card("fit/tay")


def test_weights_too_large_for_half_precision_are_refused(shipped):
    model, _, _, places = shipped
    model.seen.fill_(1e6)
    with pytest.raises(WeightsError, match=r"finite in torch\.float16, got others in seen"):
        export(model, "fit/toy", **places)


def test_a_card_without_a_hash_is_refused(shipped):
    _, _, _, places = shipped
    path = places["cards_path"]
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("sha256")))
    with pytest.raises(WeightsError, match="sha256"):
        weights.cards()


@pytest.mark.parametrize("damage", ["half", "other config", "other shape", "no header", "unknown model"])
def test_files_that_do_not_fit_are_refused(damage, shipped, tmp_path, monkeypatch):
    from safetensors.torch import load, save

    model, _, path, _ = shipped
    place = tmp_path / "damaged.safetensors"
    if damage == "half":
        place.write_bytes(path.read_bytes()[:-40])
    elif damage == "no header":
        place.write_bytes(save(load(path.read_bytes())))
    else:
        described = {
            "other config": {"model": "toy", "config": {"width": 0}},
            "other shape": {"model": "toy", "config": {"width": 6}},
            "unknown model": {"model": "os:system", "config": {}},
        }[damage]
        monkeypatch.setattr(Toy, "_description", lambda _: described)
        place.write_bytes(model.to_bytes())
    with pytest.raises(WeightsError, match=str(place)):
        load_pretrained(place)


def test_listing_the_cards_imports_no_torch():
    import subprocess
    import sys

    code = "import sys; from strokewright import weights; weights.cards(); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_card_is_validated():
    with pytest.raises(pydantic.ValidationError, match="name"):
        weights.Card(
            name="no slash", file="a.safetensors", sha256="0" * 64, size_bytes=1, model="toy", pipeline="", **FACTS
        )


def test_open_model_takes_a_name_a_model_folder_and_a_run(tmp_path):
    bundled = weights.open_model("canvas/thin", "cpu")
    bundled.save_pretrained(tmp_path / "run" / "model")
    for source in (tmp_path / "run", tmp_path / "run" / "model", tmp_path / "run" / "model" / "model.safetensors"):
        opened = weights.open_model(source, "cpu")
        assert opened.config == bundled.config
        assert all(torch.equal(a, b) for a, b in zip(opened.parameters(), bundled.parameters(), strict=True))
    with pytest.raises(WeightsError, match="canvas/thin"):
        weights.open_model("canvas/thinn", "cpu")
