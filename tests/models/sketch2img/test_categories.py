import numpy as np
import pytest

from strokewright.datasets.pairs import OBJECT_CATEGORIES
from strokewright.errors import DataError
from strokewright.models.sketch2img.categories import CategoryBatches

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def batches():
    try:
        return CategoryBatches(OBJECT_CATEGORIES, size=32)
    except DataError as error:
        pytest.skip(f"data: {error}")


def test_a_label_is_the_class_or_its_category(batches):
    labels = batches.facts["labels"]
    assert labels[:4] == ["bird", "car", "chair", "dog"]
    assert (len(labels), batches.facts["kinds"], batches.facts["size"]) == (36, 32, 32)
    batch = batches.batch(3, 40)
    by_category = batch["label"] < 4
    assert 8 < by_category.sum() < 32
    for label, kind in zip(batch["label"], batch["kind"], strict=True):
        name = labels[4 + kind]
        assert labels[label] == name or name in OBJECT_CATEGORIES[labels[label]]
    assert np.array_equal(batch["label"], batches.batch(3, 40)["label"])


def test_a_class_without_category_is_refused(batches):
    few = {"bird": OBJECT_CATEGORIES["bird"]}
    with pytest.raises(DataError, match="got none for basset, "):
        CategoryBatches(few, size=32)
