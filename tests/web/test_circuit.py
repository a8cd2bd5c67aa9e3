"""A provider that is silent is called twice, left alone, then asked by one caller until it answers."""

from __future__ import annotations

from web.circuit import REST_SECONDS, SILENT_MAX, Circuit


class Ticks:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_silence_opens_it_and_one_answer_closes_it() -> None:
    ticks = Ticks()
    circuit = Circuit(ticks)
    for _ in range(SILENT_MAX):
        assert circuit.lets()
        circuit.note(is_answered=False)
    assert [circuit.lets() for _ in range(5)] == [False] * 5
    ticks.now += REST_SECONDS
    assert [circuit.lets() for _ in range(5)] == [True] + [False] * 4
    circuit.note(is_answered=True)
    assert [circuit.lets() for _ in range(5)] == [True] * 5


def test_an_answer_between_two_silences_keeps_it_closed() -> None:
    circuit = Circuit(Ticks())
    for _ in range(10):
        circuit.note(is_answered=False)
        circuit.note(is_answered=True)
        assert circuit.lets()
