# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A set-up in which everything works, for tests to break one thing of it."""

import datetime as dt
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pytest_django.fixtures import Settings

from devkit.nextcloud import NextcloudStandIn
from devkit.people import HpbLink, Trouble
from devkit.realhpb import RealHpb, available
from devkit.scripted import Script, ScriptedEngine
from devkit.stt import SttServer
from devkit.stt_record import Credentials
from devkit.talk import AppCredentials
from signaling.doctor.catalogue import CHECKS, subject
from signaling.doctor.check import Limits
from signaling.doctor.result import Result
from signaling.doctor.run import chosen, run
from signaling.doctor.sample import SENTENCE
from signaling.hpb.guard import HpbGuard
from tests.conftest import missing

SECRET = "canary-of-appapi"
LIMITS = Limits(request_s=3.0, hello_s=3.0, turn_s=0.5, media_s=8.0, speech_s=5.5)

Examine = Callable[..., Awaitable[dict[str, Result]]]


@pytest.fixture
def examine() -> Examine:
    """Runs the named checks and what they need; limits as keywords."""

    async def examine(*names: str, **limits: Any) -> dict[str, Result]:
        of_settings = subject(limits=replace(LIMITS, **limits))
        of_settings.guard = HpbGuard()
        results = await run(chosen(CHECKS, names), of_settings)
        return {result.name: result for result in results}

    return examine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stand_in() -> AsyncIterator[NextcloudStandIn]:
    """A Nextcloud that has enabled us."""
    async with NextcloudStandIn(AppCredentials(SECRET)) as nextcloud:
        yield nextcloud


@pytest.fixture
def nextcloud(stand_in: NextcloudStandIn, settings: Settings) -> NextcloudStandIn:
    """The same, as it should be; the settings lead to it."""
    stand_in.enabled = True
    stand_in.trouble = Trouble()
    stand_in.facts.talk = "22.0.3"
    stand_in.facts.clock_ahead_s = 0.0
    stand_in.facts.maintenance = False
    stand_in.stun_servers = []
    stand_in.turn_servers = []
    settings.NEXTCLOUD_URL = stand_in.url
    settings.APP_SECRET = SECRET
    return stand_in


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """PEM file of a certificate that nobody has signed but itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hpb")])
    now = dt.datetime.now(dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "hpb.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def real_hpb(
    stand_in: NextcloudStandIn, certificate: Path
) -> AsyncIterator[RealHpb]:
    """The real one with Janus, on a plain and on a TLS port."""
    lacking = available()
    if lacking:
        missing(lacking)
    async with RealHpb(
        stand_in.url, stand_in.backend_secret, certificate=certificate
    ) as hpb:
        yield hpb


@pytest.fixture
def hpb(nextcloud: NextcloudStandIn, real_hpb: RealHpb, settings: Settings) -> RealHpb:
    """The same; the settings lead to it."""
    use(real_hpb, settings)
    nextcloud.hpb = HpbLink(real_hpb.url)
    return real_hpb


def use(hpb: RealHpb, settings: Settings) -> None:
    """Let the settings lead to an HPB."""
    settings.LT_HPB_URL = hpb.url
    settings.LT_INTERNAL_SECRET = hpb.internal_secret
    settings.LT_BACKEND_URL = ""
    settings.SKIP_CERT_VERIFY = False


@pytest_asyncio.fixture(loop_scope="module")
async def stt(settings: Settings) -> AsyncIterator[SttServer]:
    """Says the sample's words; the settings lead to it."""
    script = Script(tuple(SENTENCE.split()), every_s=0.2)
    async with SttServer(
        ScriptedEngine(script), credentials=Credentials(modal_key="", modal_secret="")
    ) as server:
        settings.LT_STT_URL = server.stream_url
        settings.LT_STT_WIRE = "modal-pcm"
        settings.LT_STT_CONNECT_TIMEOUT = 3.0
        yield server
