from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is only installed to train")

from models.average import average, main, parse  # noqa: E402
from models.errors import ModelError  # noqa: E402
from models.train import load, save  # noqa: E402


def state(*values: float) -> dict[str, object]:
    return {"stage": "contrast", "encoder": {"a": torch.tensor(values)}}


def test_the_mean_is_between_in_the_given_proportion(tmp_path: Path) -> None:
    for name, values in (("one", (1.0, 2.0)), ("other", (3.0, -2.0))):
        save(tmp_path / f"{name}.pt", state(*values))
    out = tmp_path / "both.pt"
    given = [f"{tmp_path / 'one.pt'}:0.25", f"{tmp_path / 'other.pt'}:0.75"]
    assert main([*given, "--out", str(out)]) == 0
    assert load(out)["encoder"]["a"].tolist() == [2.5, -1.0]
    assert load(out)["stage"] == "contrast"


@pytest.mark.parametrize("shares", [(0.5, 0.6), (1.5, -0.5)])
def test_shares_that_do_not_make_up_one_are_refused(shares: tuple[float, float]) -> None:
    with pytest.raises(ModelError, match="make up 1"):
        average([state(1.0), state(2.0)], shares)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ModelError, match="different networks"):
        average([state(1.0), state(2.0, 3.0)], (0.5, 0.5))


@pytest.mark.parametrize("text", ["one.pt", "one.pt:much", ":"])
def test_what_is_wanted_is_said(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([text, "--out", str(tmp_path / "out.pt")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    with pytest.raises(ModelError):
        parse(text)
