"""How often somebody may be wrong, in a time that the test turns."""

from roadstead.hub.access.attempts import Attempts


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_ten_at_once_then_one_every_six_seconds_for_each_network():
    clock = Clock()
    attempts = Attempts(clock)
    for _ in range(10):
        assert attempts.wait("10.0.0.7") == 0
        attempts.failed("10.0.0.7")
    assert attempts.wait("10.0.0.7") == 6
    assert attempts.wait("10.0.0.8") == 0, "a neighbour is not concerned"
    clock.now += 6
    assert attempts.wait("10.0.0.7") == 0
    attempts.failed("10.0.0.7")
    assert attempts.wait("10.0.0.7") == 6
    clock.now += 3600
    for _ in range(9):
        attempts.failed("10.0.0.7")
    assert attempts.wait("10.0.0.7") == 0, "what was long ago is forgotten"


def test_one_machine_is_one_network_of_ipv6():
    attempts = Attempts(Clock())
    for number in range(10):
        attempts.failed(f"2001:db8::{number:x}")
    assert attempts.wait("2001:db8::ffff") > 0
    assert attempts.wait("2001:db8:0:1::1") == 0


def test_what_is_kept_of_addresses_has_an_end():
    attempts = Attempts(Clock())
    for number in range(10_050):
        attempts.failed(f"10.1.{number // 256}.{number % 256}")
    assert len(attempts._free_at) == 10_000
