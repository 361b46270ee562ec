# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The client against a scripted HPB on a real socket: in, through faults, and out."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import repeat
from typing import Any, TypeVar

import pytest

from signaling.config import HpbConfig
from signaling.errors import HpbRefusedError, HpbThrottledError, HpbUnfitError
from signaling.hpb import schedule, websocket
from signaling.hpb.client import HpbClient
from signaling.hpb.events import Disconnected, Event, Joined, RequestFailed
from signaling.hpb.guard import HpbGuard
from signaling.hpb.messages import (
    Answer,
    CallEnded,
    OutgoingMessage,
    ParticipantsUpdate,
    RequestOffer,
    SessionsLeft,
    Transcript,
)
from signaling.hpb.websocket import Timing
from tests.signaling.hpb.scripted_hpb import BACKEND, SECRET, ScriptedHpb

E = TypeVar("E")
PATIENCE_S = 5.0
FAST = Timing(open_s=1.0, hello_s=1.0, join_s=1.0, send_s=1.0, leave_s=0.3, close_s=0.2)
LEAVE = {"target": "room", "type": "leave", "leave": ["S"]}


@pytest.fixture
async def hpb() -> AsyncIterator[ScriptedHpb]:
    """An HPB; when it ends nothing else may run."""
    async with ScriptedHpb() as hpb:
        yield hpb
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _, left = await asyncio.wait(left, timeout=PATIENCE_S)
    assert not left


@pytest.fixture
def guard() -> HpbGuard:
    """The guard of this process."""
    return HpbGuard()


def client_of(
    hpb: ScriptedHpb,
    guard: HpbGuard,
    *,
    secret: str = SECRET,
    backends: tuple[str, ...] = (BACKEND,),
    verify: bool = True,
    timing: Timing = FAST,
    pause_s: float = 0.02,
) -> HpbClient:
    """A client with short pauses; `pause_s` comes before full hellos."""
    return HpbClient(
        HpbConfig(hpb.url, secret, backends, verify),
        "tok3n",
        guard,
        resume_delays_s=(0.0, 0.02, 0.02, 0.02),
        reconnect_delays=lambda: repeat(pause_s),
        timing=timing,
    )


@pytest.fixture
def client(hpb: ScriptedHpb, guard: HpbGuard) -> HpbClient:
    """A client of that HPB."""
    return client_of(hpb, guard)


@asynccontextmanager
async def running(*clients: HpbClient) -> AsyncIterator[None]:
    """Let clients run until the end of the block."""
    async with asyncio.TaskGroup() as tasks:
        runs = [tasks.create_task(client.run()) for client in clients]
        yield
        for run in runs:
            run.cancel()


async def next_of(client: HpbClient, kind: type[E]) -> E:
    """The next event of a kind; others before it are passed over."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            event = await client.events.get()
            if isinstance(event, kind):
                return event


def waiting(client: HpbClient) -> list[Event]:
    """Events nobody has taken yet."""
    return [client.events.get_nowait() for _ in range(client.events.qsize())]


class NarrowQueue(asyncio.Queue[Event]):
    """Tells when somebody has to wait for room."""

    def __init__(self, maxsize: int) -> None:
        super().__init__(maxsize)
        self.stuck = asyncio.Event()

    async def put(self, item: Event) -> None:
        """As every queue."""
        if self.full():
            self.stuck.set()
        await super().put(item)


def caption(text: str) -> Transcript:
    """A caption for one viewer."""
    return Transcript("V", "S", text, "en")


def event(body: dict[str, Any]) -> dict[str, Any]:
    """An event of the HPB."""
    return {"type": "event", "event": body}


# --- In -----------------------------------------------------------------------------


async def test_client_says_hello_joins_and_is_in_the_call(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """Hello, room, flag, in this order, and nothing else."""
    states = [client.connected]
    async with running(client):
        joined = await next_of(client, Joined)
        states.append(client.connected)
        await hpb.wait_for("internal")
    assert states == [False, True]
    assert joined == Joined("session-1", resumed=False)
    assert [body["type"] for body in hpb.received] == ["hello", "room", "internal"]
    assert hpb.of("room")[0]["room"] == {"roomid": "tok3n", "sessionid": "session-1"}
    assert (client.resumes, client.reconnects) == (0, 0)
    assert client.outbox.dropped_captions == client.outbox.dropped_control == 0


async def test_hello_does_not_wait_for_the_welcome(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """The HPB allows two seconds for it."""
    hpb.silent = True
    async with running(client):
        await hpb.wait_for("hello")


async def test_events_and_messages_flow_both_ways(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """What was queued before the join is sent after it, control first."""
    client.send(caption("hello there"))
    async with running(client):
        await next_of(client, Joined)
        client.send(RequestOffer("S"))
        await hpb.wait_for("transcript")
        request = await hpb.wait_for("requestoffer")
        await hpb.say(event(LEAVE))
        assert await next_of(client, SessionsLeft) == SessionsLeft(("S",))
        error = {"code": "client_not_found", "message": "nobody"}
        await hpb.say({"id": request["id"], "type": "error", "error": error})
        assert await next_of(client, RequestFailed) == RequestFailed(
            RequestOffer("S"), "client_not_found", "nobody"
        )
        assert client.connected


async def test_server_without_media_ends_the_client(
    hpb: ScriptedHpb, client: HpbClient, guard: HpbGuard
) -> None:
    """The session is given back; other HPB credentials are not in doubt."""
    hpb.features = ["incall-all"]
    with pytest.raises(HpbUnfitError, match="Janus"):
        await client.run()
    await hpb.wait_for("bye")
    assert guard.blocked(0.0) is None


async def test_second_backend_url_is_found_and_shared(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """A wrong guess counts as a failure at the HPB, so it is made once a process."""
    urls = ("http://nextcloud", BACKEND)
    first, second = (client_of(hpb, guard, backends=urls) for _ in range(2))
    async with running(first):
        await next_of(first, Joined)
        assert len(hpb.of("hello")) == 2
        async with running(second):
            await next_of(second, Joined)
    assert len(hpb.of("hello")) == 3
    assert hpb.connections == 2
    assert guard.good_backend == BACKEND


async def test_join_that_fails_is_tried_again(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """With the same session, which is resumed."""
    hpb.join_errors = ["room_join_failed", "no_such_room"]
    async with running(client):
        assert await next_of(client, Joined) == Joined("session-1", resumed=False)
    assert len(hpb.of("hello")) == 1
    assert len(hpb.of("resume")) == 2
    assert len(hpb.of("room")) == 3


async def test_room_that_stays_closed_ends_the_client(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """After five tries."""
    hpb.join_errors = ["room_join_failed"] * 100
    with pytest.raises(HpbUnfitError, match="room_join_failed"):
        await client.run()
    assert len(hpb.of("room")) == 5
    await hpb.wait_for("bye")


# --- Refused ------------------------------------------------------------------------


async def test_refused_secret_ends_with_one_hello(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """One clear sentence, and no client of this process tries again for a while."""
    client = client_of(hpb, guard, secret="wr0ng")
    with pytest.raises(HpbRefusedError, match="LT_INTERNAL_SECRET must equal") as info:
        await client.run()
    assert "wr0ng" not in str(info.value)
    with pytest.raises(HpbRefusedError) as second:
        await client_of(hpb, guard).run()
    assert second.value is info.value
    assert len(hpb.of("hello")) == 1
    assert hpb.connections == 1
    guard.clear()
    client = client_of(hpb, guard)
    async with running(client):
        await next_of(client, Joined)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("too_many_requests", HpbThrottledError),
        ("invalid_client_type", HpbRefusedError),
        ("invalid_backend", HpbRefusedError),
    ],
)
async def test_throttle_and_wrong_settings_stop_all_clients(
    hpb: ScriptedHpb,
    client: HpbClient,
    guard: HpbGuard,
    code: str,
    kind: type[Exception],
) -> None:
    """Each of these counts against our address."""
    hpb.hello_error = code
    for one in (client, client_of(hpb, guard)):
        with pytest.raises(kind):
            await one.run()
    assert len(hpb.of("hello")) == 1


async def test_many_rooms_with_a_wrong_secret_cost_one_failure(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """Ten failures in half an hour would ban the address."""
    clients = [client_of(hpb, guard, secret="wr0ng") for _ in range(12)]
    ends = await asyncio.gather(
        *(client.run() for client in clients), return_exceptions=True
    )
    assert {type(end) for end in ends} == {HpbRefusedError}
    assert len(hpb.of("hello")) == 1


async def test_refusal_while_the_socket_opens_keeps_the_client_silent(
    hpb: ScriptedHpb,
    client: HpbClient,
    guard: HpbGuard,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another room has learned that the secret is wrong; ours must not ask again."""
    really_open = websocket.open_websocket

    async def open_websocket(*args: Any) -> Any:
        socket = await really_open(*args)
        guard.refuse(HpbRefusedError("known to another room"), time.monotonic())
        return socket

    monkeypatch.setattr(websocket, "open_websocket", open_websocket)
    with pytest.raises(HpbRefusedError, match="known to another room"):
        await client.run()
    assert (hpb.connections, hpb.received) == (1, [])


async def test_many_rooms_join_side_by_side_after_the_first(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """The trial holds nobody up for long."""
    clients = [client_of(hpb, guard) for _ in range(8)]
    async with running(*clients):
        for client in clients:
            await next_of(client, Joined)
    assert hpb.connections == 8


async def test_room_that_cannot_connect_does_not_hold_up_the_others(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """It gives the trial back after every attempt."""
    async with ScriptedHpb() as gone:
        pass
    stuck, client = client_of(gone, guard, pause_s=60.0), client_of(hpb, guard)
    async with running(stuck):
        await next_of(stuck, Disconnected)
        async with running(client):
            await next_of(client, Joined)


async def test_resumed_room_does_not_hold_up_the_others(
    hpb: ScriptedHpb, client: HpbClient, guard: HpbGuard
) -> None:
    """A resume proves nothing about the secret, and keeps nobody from trying."""
    other = client_of(hpb, guard)
    async with running(client):
        await next_of(client, Joined)
        hpb.cut()
        assert (await next_of(client, Joined)).resumed
        async with running(other):
            await next_of(other, Joined)


async def test_secret_changed_under_many_calls_costs_one_failure(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """All lose their session at the same moment, and one finds out."""
    clients = [client_of(hpb, guard) for _ in range(8)]
    runs = asyncio.gather(*(c.run() for c in clients), return_exceptions=True)
    for client in clients:
        await next_of(client, Joined)
    hpb.received.clear()
    hpb.secret = "new"
    hpb.restart()
    async with asyncio.timeout(PATIENCE_S):
        ends = await runs
    assert {type(end) for end in ends} == {HpbRefusedError}
    assert len(hpb.of("hello")) == 1


async def test_restart_under_many_calls_brings_all_back(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """One shows that hellos still work, the others follow without a pause."""
    clients = [client_of(hpb, guard, pause_s=60.0) for _ in range(8)]
    async with running(*clients):
        for client in clients:
            await next_of(client, Joined)
        hpb.restart()
        for client in clients:
            assert not (await next_of(client, Joined)).resumed
    assert [client.reconnects for client in clients] == [1] * 8


# --- Through faults -----------------------------------------------------------------


async def test_cut_connection_is_resumed_without_joining(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """Same session, no second join, no second flag; what waited is sent."""
    async with running(client):
        await next_of(client, Joined)
        await hpb.wait_for("internal")
        hpb.cut()
        await next_of(client, Disconnected)
        client.send(RequestOffer("S"))
        client.send(caption("still here"))
        assert await next_of(client, Joined) == Joined("session-1", resumed=True)
        await hpb.wait_for("requestoffer")
        await hpb.wait_for("transcript")
    assert [len(hpb.of(kind)) for kind in ("hello", "room", "internal")] == [1, 1, 1]
    assert (client.resumes, client.reconnects) == (1, 0)


async def test_session_is_not_resumed_after_its_time(
    hpb: ScriptedHpb, client: HpbClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The HPB keeps it for 30 s; asking later could count as a failure."""
    async with running(client):
        await next_of(client, Joined)
        monkeypatch.setattr(schedule, "RESUME_WINDOW_S", -1.0)
        hpb.cut()
        assert not (await next_of(client, Joined)).resumed
    assert hpb.of("resume") == []


async def test_restarted_hpb_is_joined_anew(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """Full hello on the same connection; requests of old are void, captions are not."""
    async with running(client):
        first = await next_of(client, Joined)
        await hpb.wait_for("internal")
        hpb.restart()
        await next_of(client, Disconnected)
        client.send(RequestOffer("S"))
        client.send(Answer("S", "47", "v=0"))
        client.send(caption("kept"))
        second = await next_of(client, Joined)
        client.send(RequestOffer("NEW"))
        request = await hpb.wait_for("requestoffer")
        await hpb.wait_for("transcript")
    assert second.session_id != first.session_id
    assert not second.resumed
    assert request["message"]["recipient"]["sessionid"] == "NEW"
    assert hpb.of("answer") == []
    assert [len(hpb.of(kind)) for kind in ("resume", "hello", "room")] == [1, 2, 2]
    assert hpb.connections == 2
    assert (client.resumes, client.reconnects) == (0, 1)


async def test_hpb_that_is_away_is_waited_for(
    hpb: ScriptedHpb, guard: HpbGuard, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning, one line when it is there, however many attempts were made."""
    caplog.set_level(logging.INFO)
    async with ScriptedHpb() as other:
        port = other.port
    client = client_of(other, guard)
    async with running(client):
        await next_of(client, Disconnected)
        async with ScriptedHpb(port=port):
            await next_of(client, Joined)
    assert waiting(client) == []
    levels = [record.levelname for record in caplog.records]
    assert levels == ["WARNING", "INFO"]
    assert client.reconnects == 0


async def test_lost_and_found_connection_is_two_lines_of_log(
    hpb: ScriptedHpb, client: HpbClient, caplog: pytest.LogCaptureFixture
) -> None:
    """While it is away attempts are not worth a line."""
    async with running(client):
        await next_of(client, Joined)
        caplog.set_level(logging.INFO)
        caplog.clear()
        hpb.silent = True
        hpb.cut()
        await hpb.wait_until(lambda: hpb.connections == 2)
        hpb.silent = False
        hpb.cut()
        await next_of(client, Joined)
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "session resumed" in caplog.text


async def test_hello_without_an_answer_counts_as_failure(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """The socket opens, and that is all: another connection is tried."""
    client = client_of(hpb, guard, timing=Timing(hello_s=0.05, close_s=0.05))
    hpb.silent = True
    async with running(client):
        assert (await next_of(client, Disconnected)).reason == "no answer in time"
        await hpb.wait_until(lambda: hpb.connections >= 2)
        hpb.silent = False
        await next_of(client, Joined)


async def test_dead_link_is_noticed_by_pings(hpb: ScriptedHpb, guard: HpbGuard) -> None:
    """Nobody closes the connection, but nobody answers any more."""
    client = client_of(hpb, guard, timing=Timing(ping_s=0.1, close_s=0.05))
    async with running(client):
        await next_of(client, Joined)
        hpb.freeze()
        assert (await next_of(client, Joined)).resumed
    assert hpb.connections == 2


async def test_bye_of_the_server_leads_to_a_new_session(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """Somebody took our place in the room."""
    async with running(client):
        await next_of(client, Joined)
        await hpb.say({"type": "bye", "bye": {"reason": "room_session_reconnected"}})
        lost = await next_of(client, Disconnected)
        assert lost.reason == "the HPB said bye: room_session_reconnected"
        assert not (await next_of(client, Joined)).resumed
    assert hpb.of("resume") == []


async def test_peer_that_drops_us_after_every_join_is_not_hammered(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """The pauses go on growing although every join works."""
    pauses: list[float] = []

    def growing() -> Iterator[float]:
        for number in range(1000):
            pauses.append(0.01 * number)
            yield pauses[-1]

    client = HpbClient(
        HpbConfig(hpb.url, SECRET, (BACKEND,)),
        "tok3n",
        guard,
        resume_delays_s=(0.0, 0.01),
        reconnect_delays=growing,
        timing=FAST,
    )
    hpb.drops_inside = True
    async with running(client):
        # The first hello, two quick resumes, and then one for each growing pause.
        await hpb.wait_until(lambda: hpb.connections == 7)
        await hpb.wait_until(lambda: len(hpb.of("resume")) == 6)
    assert pauses[:4] == [0.0, 0.01, 0.02, 0.03]
    assert client.resumes >= 5


async def test_garbage_is_survived(hpb: ScriptedHpb, client: HpbClient) -> None:
    """Binary frames are counted, everything else is passed over."""
    garbage: list[str | bytes] = [
        b"\x00\xff",
        b"",
        "",
        "nonsense",
        "[" * 50_000,
        "null",
        '{"type":"event","event":{"target":"room","type":"join","join":7}}',
        '{"type":"hello","hello":{"sessionid":"other"}}',
        '{"type":"message","message":{"data":{"type":"offer","roomType":"video"}}}',
        '{"type":"error","error":{"code":"\\ud800"}}',
    ]
    async with running(client):
        await next_of(client, Joined)
        for piece in garbage:
            await hpb.say(piece)
        await hpb.say(event(LEAVE))
        await next_of(client, SessionsLeft)
        assert client.connected
    assert client.binary_frames == 2
    assert hpb.connections == 1


async def test_text_that_is_no_utf8_ends_only_the_connection(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """RFC 6455 section 8.1 demands it; the session is resumed."""
    async with running(client):
        await next_of(client, Joined)
        for socket in list(hpb._sockets):
            await socket.send(b"\xff\xfe", text=True)
        assert (await next_of(client, Joined)).resumed


async def test_huge_lists_are_taken_in_part(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """A message of several megabytes is neither fatal nor kept whole."""
    users = [{"sessionId": f"S{number}", "inCall": 7} for number in range(60_000)]
    update = {"target": "participants", "type": "update", "update": {"users": users}}
    async with running(client):
        await next_of(client, Joined)
        await hpb.say(event(update))
        taken = await next_of(client, ParticipantsUpdate)
        assert len(taken.participants) == 10_000
        assert client.connected


async def test_message_beyond_the_limit_is_not_sent(
    hpb: ScriptedHpb, client: HpbClient, caplog: pytest.LogCaptureFixture
) -> None:
    """It would close the connection; the next one goes out."""
    async with running(client):
        await next_of(client, Joined)
        client.send(Answer("S", "47", "v" * 70_000))
        client.send(RequestOffer("S"))
        await hpb.wait_for("requestoffer")
    assert hpb.of("answer") == []
    assert "Answer of 70" in caplog.text


async def test_message_that_could_not_be_sent_waits_for_the_resume(
    hpb: ScriptedHpb, client: HpbClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke at the very moment of sending."""
    really_send = websocket.send_text

    async def send_text(socket: Any, text: str, timing: Timing) -> bool:
        if "requestoffer" in text and hpb.connections == 1:
            socket.transport.abort()
            return False
        return await really_send(socket, text, timing)

    monkeypatch.setattr(websocket, "send_text", send_text)
    async with running(client):
        await next_of(client, Joined)
        client.send(RequestOffer("S"))
        assert (await next_of(client, Joined)).resumed
        await hpb.wait_for("requestoffer")


async def test_captions_beyond_the_bound_are_counted(client: HpbClient) -> None:
    """The oldest give way, control messages do not."""
    messages: list[OutgoingMessage] = [caption(str(n)) for n in range(600)]
    for message in [RequestOffer("S"), *messages]:
        client.send(message)
    assert client.outbox.dropped_captions + client.outbox.dropped_control == 100


# --- Out ----------------------------------------------------------------------------


async def test_leaving_sends_last_captions_and_bye(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """`run` returns, the session is gone at once, and nothing reconnects."""
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(client.run())
        await next_of(client, Joined)
        client.send(caption("goodbye"))
        await client.leave()
        async with asyncio.timeout(0.1):
            await run
    assert [body["type"] for body in hpb.received[-2:]] == ["message", "bye"]
    assert hpb.connections == 1
    assert not client.connected
    assert client.reconnects == 0


async def test_call_ended_is_told_and_leaving_is_the_users(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """The HPB never throws an internal client out of a room."""
    update = {"roomid": "tok3n", "incall": 0, "all": True}
    body = {"target": "participants", "type": "update", "update": update}
    async with running(client):
        await next_of(client, Joined)
        await hpb.say(event(body))
        await next_of(client, CallEnded)
        assert client.connected
        await client.leave()
    assert len(hpb.of("bye")) == 1


async def test_leaving_while_the_hpb_is_away_takes_no_time(
    guard: HpbGuard, hpb: ScriptedHpb
) -> None:
    """There is nobody to say bye to."""
    async with ScriptedHpb() as other:
        pass
    client = client_of(other, guard, timing=Timing())
    async with asyncio.timeout(1.0), asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        await next_of(client, Disconnected)
        await client.leave()


async def test_leaving_a_silent_hpb_takes_bounded_time(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """Not even the hello was answered."""
    hpb.silent = True
    async with asyncio.timeout(1.5), asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        await hpb.wait_for("hello")
        await client.leave()
    assert hpb.of("bye") == []


async def test_leaving_a_frozen_hpb_takes_bounded_time(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """The closing handshake is not answered either."""
    async with asyncio.timeout(1.5), asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        await next_of(client, Joined)
        hpb.freeze()
        await client.leave()


async def test_leaving_works_while_nobody_takes_events(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """The queue is full, so nothing more is read, but bye is still said."""
    client.events = events = NarrowQueue(1)
    async with asyncio.timeout(2.0), asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        await hpb.wait_for("internal")
        await hpb.say(event(LEAVE))
        await events.stuck.wait()
        await client.leave()
    assert waiting(client) == [Joined("session-1", resumed=False)]
    assert len(hpb.of("bye")) == 1


async def test_leaving_before_or_without_running_does_nothing(
    hpb: ScriptedHpb, client: HpbClient
) -> None:
    """A client that was told to leave does not even connect."""
    await client.leave()
    await client.run()
    assert hpb.connections == 0


async def test_leaving_while_waiting_for_the_trial_of_another(
    hpb: ScriptedHpb, guard: HpbGuard, client: HpbClient
) -> None:
    """Nothing was said, so nothing is unsaid."""
    guard.admit("somebody else", 0.0)
    async with asyncio.timeout(1.0), asyncio.TaskGroup() as tasks:
        tasks.create_task(client.run())
        await asyncio.sleep(0)
        await client.leave()
    assert hpb.connections == 0


@pytest.mark.parametrize("kind", ["hello", "internal"])
async def test_cancelled_client_leaves_nothing_behind(
    hpb: ScriptedHpb, client: HpbClient, guard: HpbGuard, kind: str
) -> None:
    """Neither tasks nor the trial, wherever it stood."""
    hpb.silent = kind == "hello"
    async with running(client):
        await hpb.wait_for(kind)
    async with asyncio.timeout(PATIENCE_S):
        await hpb.wait_until(lambda: not hpb._sockets)
    assert guard.admit("another", 0.0)


async def test_cancelled_client_does_not_wait_for_a_frozen_hpb(
    hpb: ScriptedHpb, guard: HpbGuard
) -> None:
    """Whoever cancels has no time for a closing handshake."""
    client = client_of(hpb, guard, timing=Timing(close_s=5.0))
    async with asyncio.timeout(1.0), running(client):
        await next_of(client, Joined)
        hpb.freeze()


# --- Secrets ------------------------------------------------------------------------


async def test_no_log_at_any_level_holds_secrets_or_words(
    hpb: ScriptedHpb, client: HpbClient, caplog: pytest.LogCaptureFixture
) -> None:
    """The websocket library's own frame log included."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="websockets.client")
    async with running(client):
        await next_of(client, Joined)
        client.send(caption("spoken words"))
        await hpb.wait_for("transcript")
        hpb.cut()
        await next_of(client, Joined)
    ours = [r for r in caplog.records if not r.name.startswith("websockets.server")]
    log = "\n".join(record.getMessage() for record in ours)
    params = hpb.of("hello")[0]["hello"]["auth"]["params"]
    resume_id = hpb.of("resume")[0]["hello"]["resumeid"]
    hidden = [SECRET, params["random"], params["token"], resume_id, "spoken"]
    assert "> Transcript: 12 characters" in log
    assert not [secret for secret in hidden if secret in log]
