import numpy as np
import pytest

from device_sim.noise import TAPE_STEPS, Noise, Stream, Tape

TICKS = np.arange(2000)


def test_a_home_gets_the_same_numbers_in_a_fleet_of_any_size() -> None:
    few, many = Noise(1, "demo", 3), Noise(1, "demo", 50)

    assert np.array_equal(few.uniform(Stream.WARM, TICKS), many.uniform(Stream.WARM, TICKS)[:, :3])


@pytest.mark.parametrize("other", [Noise(2, "demo", 20), Noise(1, "train", 20)])
def test_other_seeds_and_splits_share_no_number(other: Noise) -> None:
    numbers = Noise(1, "demo", 20).uniform(Stream.WARM, TICKS)

    assert not np.intersect1d(numbers, other.uniform(Stream.WARM, TICKS)).size


def test_streams_share_no_number() -> None:
    noise = Noise(1, "demo", 20)

    assert not np.intersect1d(noise.uniform(Stream.WARM, TICKS), noise.uniform(Stream.COLD, TICKS)).size


def test_uniform_numbers_are_uniform_and_independent_of_home_and_time() -> None:
    numbers = Noise(7, "test", 100).uniform(Stream.MOTION, TICKS)

    counts, _ = np.histogram(numbers, bins=20, range=(0.0, 1.0))
    chi_square = float(((counts - 10_000) ** 2 / 10_000).sum())
    assert chi_square < 43.8  # the 0.1 % point of chi-square with 19 degrees of freedom
    assert abs(np.corrcoef(numbers[1:].ravel(), numbers[:-1].ravel())[0, 1]) < 0.01
    assert abs(np.corrcoef(numbers[:, 1:].ravel(), numbers[:, :-1].ravel())[0, 1]) < 0.01


def test_normal_numbers_have_mean_zero_and_deviation_one() -> None:
    numbers = Noise(7, "test", 100).normal(Stream.INDOOR_SENSOR, TICKS)

    assert numbers.mean() == pytest.approx(0.0, abs=0.01)
    assert numbers.std() == pytest.approx(1.0, abs=0.01)
    assert (np.abs(numbers) > 1.96).mean() == pytest.approx(0.05, abs=0.003)


def test_tape_says_the_same_whether_read_through_or_from_the_middle() -> None:
    noise = Noise(1, "demo", 4)
    through, middle = Tape(noise, 1000), Tape(noise, 1000)

    last = [through.at(step) for step in range(TAPE_STEPS + 10)][-1]
    alone = middle.at(TAPE_STEPS + 9)

    assert all(np.array_equal(last[stream], alone[stream]) for stream in last)


@pytest.mark.parametrize("size", [1, 7, 8, 9, 64, 1000])
def test_a_part_of_the_homes_gets_their_numbers_bit_for_bit(size: int) -> None:
    """Also where a processor computes eight numbers at once and the last few one by one."""
    whole, ticks = Noise(1, "demo", 1010), np.arange(3)

    part = Noise(1, "demo", size, first_home=5)

    for numbers in ("uniform", "normal"):
        expected = getattr(whole, numbers)(Stream.WARM, ticks)[:, 5 : 5 + size]
        assert getattr(part, numbers)(Stream.WARM, ticks).tobytes() == expected.tobytes()
