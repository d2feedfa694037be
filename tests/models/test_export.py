import pytest

torch = pytest.importorskip("torch", reason="torch is only installed to train")

from models.export import example_tokens, random_encoder  # noqa: E402
from models.network import Shape  # noqa: E402

SHAPE = Shape(width=16, heads=2, layers=1, hidden=16, decoder_layers=1)


def test_random_weights_follow_from_the_seed() -> None:
    tokens = torch.from_numpy(example_tokens(32, 0))
    with torch.no_grad():
        first, again, other = (random_encoder(SHAPE, seed)(tokens) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=0.01)


def test_an_example_has_padding_at_its_end_and_notes_before() -> None:
    heard = example_tokens(64, 0)[0, :, 3] > 0
    assert heard[:43].all()
    assert not heard[43:].any()
