# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""Opening a websocket to a speech-to-text service; failures as errors for operators.

No error text and no log line holds a header, a query or the user part of a URL.
"""

import logging
import socket
from urllib.parse import SplitResult, urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException

from signaling.config import SttConfig
from signaling.errors import (
    SttCapacityError,
    SttError,
    SttRefusedError,
    SttUnavailableError,
)
from signaling.stt.timing import StreamTiming

MAX_MESSAGE_BYTES = 1024 * 1024
SEND_BUFFER_BYTES = 128 * 1024
"More than a second of raw audio; enough for twice real time over half a second of way."
_MODAL_KEYS = "check MODAL_KEY and MODAL_SECRET"
_MOSHI_KEY = "check LT_STT_API_KEY"

# The library writes request line and headers at DEBUG, credentials among them.
_socket_logger = logging.getLogger("signaling.stt.websocket")
_socket_logger.setLevel(logging.INFO)


class _Connect(connect):
    """Follows redirects within one origin only.

    The library takes `Authorization` off a request that is sent elsewhere; it cannot
    know that the headers of these services are credentials as well.
    """

    def process_redirect(self, exc: Exception) -> Exception | str:
        """The new URL, or the error if there is none or it leads elsewhere."""
        target = super().process_redirect(exc)
        if isinstance(target, str):
            return target if _origin(target) == _origin(self.uri) else exc
        return target


async def open_socket(config: SttConfig, timing: StreamTiming) -> ClientConnection:
    """Connect within `config.connect_timeout_s`.

    Raises SttRefusedError if only another configuration can help, SttCapacityError if
    the service says that it is full, and SttUnavailableError for everything else.
    """
    try:
        connecting = _Connect(
            config.url,
            additional_headers=list(config.headers),
            compression=None,  # costs much on PCM and gains nothing
            open_timeout=config.connect_timeout_s,
            ping_interval=timing.ping_s,
            ping_timeout=timing.ping_s,
            close_timeout=timing.close_s,
            max_size=MAX_MESSAGE_BYTES,
            logger=_socket_logger,
        )
    except (InvalidURI, ValueError):
        text = "the address is not a websocket's: check LT_STT_URL"
        raise SttRefusedError(text) from None
    try:
        client = await connecting
    except InvalidStatus as error:
        raise _refusal(error.response.status_code, config.wire) from None
    except (OSError, WebSocketException) as error:
        raise SttUnavailableError(_why(error)) from None
    _bound_buffer(client)
    return client


def _bound_buffer(client: ClientConnection) -> None:
    """Without this the system would swallow half a minute of a slow service's audio."""
    connection = client.transport.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)


def _refusal(status: int, wire: str) -> SttError:
    """What an HTTP status in place of a websocket means to the operator."""
    keys = _MOSHI_KEY if wire == "moshi" else _MODAL_KEYS
    match status:
        case 401:
            return SttRefusedError(f"HTTP 401, wrong credentials: {keys}")
        case 403:
            return SttRefusedError(f"HTTP 403, no permission: {keys}")
        case 404:
            return SttRefusedError(
                "HTTP 404, no service at this address: check LT_STT_URL, or "
                "MODAL_WORKSPACE and MODAL_STT_HOST_SUFFIX"
            )
        case 429:
            return SttCapacityError("HTTP 429, the server has no free channel")
        case _:
            return SttUnavailableError(f"HTTP {status} on the handshake")


def _why(error: OSError | WebSocketException) -> str:
    """The failure in words that cannot hold a credential."""
    if isinstance(error, TimeoutError):
        return "no answer to the handshake in time"
    if isinstance(error, OSError):
        return error.strerror or "the server cannot be reached"
    return f"no websocket handshake ({type(error).__name__})"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts: SplitResult = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port
