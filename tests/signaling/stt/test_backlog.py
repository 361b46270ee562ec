"""What waits for a connection: bounded, oldest first out, at a pace."""

from signaling.stt.backlog import FRAME_S, Backlog


def test_oldest_frames_are_dropped_and_counted() -> None:
    """Old speech is of no use as a caption."""
    backlog: Backlog[int] = Backlog(max_s=0.8)
    for number in range(15):
        backlog.put(number)
    assert (len(backlog), backlog.dropped) == (10, 5)
    assert backlog.get(0.0) == 5


def test_backlog_goes_out_at_twice_real_time() -> None:
    """A service manages about three times real time."""
    backlog: Backlog[int] = Backlog()
    for number in range(100):
        backlog.put(number)
    backlog.restart_pace(10.0)
    now_s = 10.0
    while backlog:
        now_s += backlog.wait_s(now_s)
        backlog.get(now_s)
    assert abs((now_s - 10.0) - 100 * FRAME_S / 2) < 2 * FRAME_S


def test_live_frames_are_not_held_up() -> None:
    """A frame every 80 ms goes out when it comes."""
    backlog: Backlog[int] = Backlog()
    backlog.restart_pace(0.0)
    for number in range(50):
        now_s = number * FRAME_S
        backlog.put(number)
        assert backlog.wait_s(now_s) == 0.0
        backlog.get(now_s)


def test_the_end_is_in_a_hurry() -> None:
    """Last words do not wait for the pace."""
    backlog: Backlog[int] = Backlog()
    for number in range(5):
        backlog.put(number)
    backlog.restart_pace(0.0)
    for _ in range(5):
        backlog.get(0.0, hurry=True)
    assert backlog.wait_s(0.0) == 0.0
