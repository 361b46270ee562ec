# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""The way of audio: STUN, TURN, and a loop through the HPB's media server."""

import asyncio

from signaling.config import IceServer
from signaling.doctor.check import Subject
from signaling.doctor.inventory import without_credentials
from signaling.doctor.loop import LoopError, loop
from signaling.doctor.result import Finding, failure, ok, warning
from signaling.errors import HpbUnavailableError
from signaling.webrtc.allocation import (
    AllocationError,
    CredentialsError,
    allocate,
    expired_for_s,
)
from signaling.webrtc.probe import MAX_URLS, answers
from signaling.webrtc.receiver import DTLS_FAILED

TALK_ADMIN = "Nextcloud, Administration settings, Talk"


async def check_turn(subject: Subject) -> Finding:
    """Each server that Talk names: STUN answers, TURN relays for the credentials."""
    servers = [
        (server, url) for server in subject.talk_ice_servers for url in server.urls
    ]
    if not servers:
        return ok("Talk names none: the media server has to be reached directly.")
    limit_s = subject.limits.turn_s
    states = await asyncio.gather(
        *(_try(server, url, limit_s) for server, url in servers[:MAX_URLS])
    )
    subject.ice_servers = tuple(
        IceServer((url,), server.username, server.credential)
        for (server, url), state in zip(servers, states, strict=False)
        if not state[1]
    )
    rows = [
        (_name(url), problem or "works", detail)
        for (_, url), (detail, problem) in zip(servers, states, strict=False)
    ]
    bad = [
        (name, problem, detail) for name, problem, detail in rows if problem != "works"
    ]
    if not bad:
        return ok(
            f"{len(rows)} of {len(rows)} work: {', '.join(r[0] for r in rows)}.", rows
        )
    seen = "; ".join(f"{name}: {problem}" for name, problem, _ in bad)
    hints = dict.fromkeys(detail for _, _, detail in bad)
    return warning(f"{seen}.", " ".join(hints), rows)


async def _try(server: IceServer, url: str, limit_s: float) -> tuple[str, str]:
    """What it does, or what to do; and what is wrong, if anything."""
    if not url.startswith("turn"):
        if await answers(url, min(limit_s, 2.0)):
            return "answers", ""
        return (
            f"{TALK_ADMIN}: STUN servers; a firewall may drop UDP.",
            "it does not answer",
        )
    hint = f"{TALK_ADMIN}: TURN servers; a firewall may drop the packets."
    old_s = expired_for_s(server)
    if old_s:
        return (
            "Set the clocks of Nextcloud and this machine by NTP.",
            f"its credentials ended {old_s:.0f} s ago",
        )
    try:
        async with asyncio.timeout(limit_s):
            return f"relays at {await allocate(server, url)}", ""
    except TimeoutError:
        return hint, "it does not answer"
    except CredentialsError as error:
        return (
            f"{TALK_ADMIN}: the TURN server's secret has to equal its "
            "static-auth-secret.",
            str(error),
        )
    except AllocationError as error:
        return hint, str(error)


def _name(url: str) -> str:
    """TURN addresses hold no credentials by their syntax; people's typing may."""
    return without_credentials(url.rpartition("@")[2] if "@" in url else url)[:80]


async def check_media(subject: Subject) -> Finding:
    """Half a second of silence, published and received again."""
    try:
        done = await loop(
            subject.hpb, subject.backend, subject.ice_servers, subject.limits.media_s
        )
    except HpbUnavailableError as error:
        return failure(f"The HPB: {error}.", "See the HPB's log.")
    except LoopError as error:
        why = str(error)
        if why == DTLS_FAILED:
            return failure(
                "The media server's DTLS certificate cannot be used: it is RSA.",
                "Set rsa_private_key = false in the part certificates of janus.jcfg, "
                "or give Janus an ECDSA certificate.",
            )
        if "does not let us" in why:
            return warning(
                f"The loop cannot be tried: {why}.",
                "See the HPB's log; press CC in a call to try it for real.",
            )
        return failure(
            f"No audio came back: {why}.",
            "Open UDP to Janus' rtp_port_range (janus.jcfg) from this machine, let "
            "nat_1_1_mapping name an address it can reach, or configure a TURN "
            "server in Talk.",
        )
    return ok(
        f"{done.packets} packets came back, the first after {done.connected_s:.2f} s."
    )
