from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is only installed to train")

from models.batches import Songs, read_songs  # noqa: E402
from models.errors import ModelError  # noqa: E402
from models.network import NotesEncoder  # noqa: E402
from models.train import Settings, Trainer, load, main, train  # noqa: E402

from .test_batches import make_songs  # noqa: E402

TINY = Settings(
    diffusion_steps=3,
    contrast_steps=3,
    diffusion_size=4,
    contrast_songs=3,
    width=16,
    heads=2,
    layers=1,
    hidden=16,
    decoder_layers=1,
)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Songs:
    return read_songs(make_songs(tmp_path_factory.mktemp("songs")))


def weights(trainer: Trainer) -> list[Any]:
    return [value.clone() for value in trainer.encoder.state_dict().values()]


def test_stopped_and_gone_on_is_the_same_as_straight_through(songs: Songs, tmp_path: Path) -> None:
    straight = Trainer(TINY, songs, songs, "cpu")
    train(straight, tmp_path, 60, lambda line: None)
    stopped = Trainer(TINY, songs, songs, "cpu")
    for _ in range(2):
        stopped.learn(stopped.batch(songs, 0, stopped.step))
    state = stopped.state()
    again = Trainer(TINY, songs, songs, "cpu")
    again.restore(state)
    train(again, tmp_path, 60, lambda line: None)
    pairs = zip(weights(straight), weights(again), strict=True)
    assert all(torch.equal(one, other) for one, other in pairs)
    assert load(tmp_path / "contrast.pt")["stage"] == "contrast"


def test_a_checkpoint_of_other_settings_is_refused(songs: Songs) -> None:
    trainer = Trainer(TINY, songs, songs, "cpu")
    with pytest.raises(ModelError, match="diffusion_rate"):
        Trainer(replace(TINY, diffusion_rate=1.0), songs, songs, "cpu").restore(trainer.state())


def test_what_nothing_has_depended_on_yet_may_change(songs: Songs) -> None:
    state = Trainer(TINY, songs, songs, "cpu").state()
    changed = replace(TINY, contrast_rate=1.0, diffusion_steps=300)
    trainer = Trainer(changed, songs, songs, "cpu")
    trainer.restore(state)
    assert trainer.settings == changed
    state["step"] = 2  # of three: the rate falls
    with pytest.raises(ModelError, match=r"other settings \(diffusion_steps\)"):
        trainer.restore(state)


def test_the_learning_rate_rises_stays_and_falls(songs: Songs) -> None:
    trainer = Trainer(replace(TINY, diffusion_steps=1000), songs, songs, "cpu")
    trainer.step = 0
    first = trainer._rate()
    trainer.step = 100
    full = trainer._rate()
    trainer.step = 600
    assert trainer._rate() == pytest.approx(full) == TINY.diffusion_rate
    trainer.step = 999
    assert 0 < trainer._rate() < 0.01 * full
    assert first == pytest.approx(0.01 * full)


def test_contrast_begins_with_the_discriminant(songs: Songs) -> None:
    trainer = Trainer(TINY, songs, songs, "cpu")
    trainer.enter("contrast")
    before = trainer.encoder.readout.clone()
    trainer.set_readout()
    assert not torch.equal(trainer.encoder.readout, before)
    assert (trainer.encoder.spread > 0).all()
    tokens = torch.from_numpy(trainer.batch(songs, 0, 0)[0])
    with torch.no_grad():
        lengths = trainer.encoder(tokens).norm(dim=-1)
    assert torch.allclose(lengths, torch.ones_like(lengths), atol=1e-5)


def test_diffusion_leaves_the_readout_alone(songs: Songs) -> None:
    trainer = Trainer(TINY, songs, songs, "cpu")
    trainer.learn(trainer.batch(songs, 0, 0))
    assert not trainer.encoder.details_in.any()
    assert not trainer.encoder.shares_in.any()
    assert torch.equal(trainer.encoder.readout, torch.eye(*trainer.encoder.readout.shape))


def test_a_file_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    (tmp_path / "last.pt").write_bytes(b"nonsense")
    with pytest.raises(ModelError, match=r"last\.pt: not a checkpoint"):
        load(tmp_path / "last.pt")


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path), "--folder", str(tmp_path / "out")]) == 2
    assert "no MIDI files" in capsys.readouterr().err


def test_padding_and_other_phrases_make_no_difference(songs: Songs) -> None:
    encoder = NotesEncoder(TINY.shape()).eval()
    tokens = torch.randint(1, 100, (3, 7, 4), dtype=torch.int32)
    padded = torch.cat([tokens[:1], torch.zeros((1, 5, 4), dtype=torch.int32)], 1)
    with torch.no_grad():
        assert torch.allclose(encoder(tokens)[:1], encoder(padded), atol=1e-5)
