# SPDX-FileCopyrightText: The live_transcription contributors
# SPDX-License-Identifier: AGPL-3.0-or-later

"""A stand-in for frpc and the far end of its tunnel, HaRP's frps.

Reads the same configuration file, listens on the remote port and forwards what comes
to the socket file of the app; writes down when it started and was ended. Started as
`frpc -c FILE` by a script of that name in the PATH.
"""

import asyncio
import json
import os
import shutil
import signal
import stat
import sys
import tomllib
from contextlib import suppress
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
RECORD = "FRPC_RECORD"
"Environment variable: the file that gets a line of JSON per event."
CHUNK_BYTES = 65536


def write_script(folder: Path, record: Path, python: Path) -> None:
    """Put a program named `frpc` into `folder`; it writes to `record`.

    It runs under another user, who may have no access to where we are.
    """
    record.touch(mode=0o666)
    record.chmod(0o666)  # whatever the umask says: the app's user writes to it
    shutil.copy(__file__, folder / "frpc.py")
    script = folder / "frpc"
    script.write_text(
        "#!/bin/sh\n"
        f'export {RECORD}="{record}"\n'
        f'exec "{python}" "{folder / "frpc.py"}" "$@"\n'
    )
    script.chmod(0o755)


def read_record(record: Path) -> list[dict[str, Any]]:
    """What happened, in order."""
    return [json.loads(line) for line in record.read_text().splitlines()]


async def forward(config: dict[str, Any]) -> None:
    """Serve the tunnel until SIGTERM."""
    (proxy,) = config["proxies"]
    path = proxy["plugin"]["unixPath"]

    async def connect(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """One request's connection; ends at once while nobody listens behind us."""
        try:
            inner_reader, inner_writer = await asyncio.open_unix_connection(path)
        except OSError:
            writer.close()
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_copy(reader, inner_writer))
            tasks.create_task(_copy(inner_reader, writer))

    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    server = await asyncio.start_server(connect, HOST, proxy["remotePort"])
    await stopping.wait()
    server.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    with suppress(OSError):
        writer.close()
        await writer.wait_closed()


def main() -> None:
    """`frpc -c FILE`."""
    path = Path(sys.argv[sys.argv.index("-c") + 1])
    config = tomllib.loads(path.read_text())
    _note("started", config=config, mode=oct(stat.S_IMODE(path.stat().st_mode)))
    asyncio.run(forward(config))
    _note("terminated")


def _note(event: str, **more: Any) -> None:
    line = json.dumps({"event": event, "pid": os.getpid(), "uid": os.getuid(), **more})
    with Path(os.environ[RECORD]).open("a") as record:
        record.write(line + "\n")


if __name__ == "__main__":
    main()
