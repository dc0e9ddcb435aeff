"""Serves the page: by HTTP on this machine only, or by HTTPS in its network."""

from __future__ import annotations

import asyncio
import logging
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import segno
import uvicorn

from ailock_sdk.server.app import make_app
from ailock_sdk.server.certificate import fingerprint, host_names, lan_address, own_certificate
from ailock_sdk.server.connections import HEAD_SECONDS, PatientProtocol
from ailock_sdk.server.devices import Devices
from ailock_sdk.server.guard import Site
from ailock_sdk.server.service import Service
from ailock_sdk.server.waiting import Waiting

LOOPBACK = "127.0.0.1"
_HEAD_BYTES = 16 << 10
_GOODBYE_SECONDS = 3
_FILES = 8192


@dataclass(frozen=True)
class Served:
    """Where the page is.

    Attributes
    ----------
    url : str
        With a slash at its end.
    fingerprint : str or None
        Of the certificate, SHA-256, if there is one.
    """

    url: str
    fingerprint: str | None


def serve(
    service: Service,
    devices: Devices,
    folder: Path,
    *,
    port: int,
    lan: bool = False,
    names: tuple[str, ...] = (),
    waiting: Waiting | None = None,
    ready: Callable[[Served], object],
) -> None:
    """Serve until a signal ends it; requests that run then may end within three seconds.

    Parameters
    ----------
    service : Service
    devices : Devices
    folder : Path
        Where the certificate is kept.
    port : int
        0 for a free one.
    lan : bool
        Whether other devices may come, by HTTPS.
    names : tuple of str
        Further host names by which the page may be opened.
    waiting : Waiting or None
        The service's own, which is started.
    ready : callable
        Called when connections are accepted.

    Raises
    ------
    OSError
        The port is in use, or not allowed.
    VaultError
        The certificate's file cannot be used.
    """
    listener = socket.create_server(("0.0.0.0" if lan else LOOPBACK, port))
    with listener:
        port = listener.getsockname()[1]
        certificate, address = None, LOOPBACK
        known = ["localhost", LOOPBACK, *names]
        if lan:
            address = lan_address()
            certificate = own_certificate(folder, address)
            known += [address, *host_names()]
        site = Site(frozenset(name.lower() for name in known), lan)
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        config = uvicorn.Config(
            make_app(service, devices, site),
            http=PatientProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,  # nobody says for others where they come from
            server_header=False,
            h11_max_incomplete_event_size=_HEAD_BYTES,
            timeout_graceful_shutdown=_GOODBYE_SECONDS,
            ssl_certfile=certificate,
        )
        scheme = "http" if certificate is None else "https"
        shown = None if certificate is None else fingerprint(certificate)
        ready(Served(f"{scheme}://{address}:{port}/", shown))
        _allow_many_files()
        loop = _Loop()
        programs = None
        try:
            asyncio.set_event_loop(loop)
            if waiting is not None:
                programs = loop.run_until_complete(waiting.start())
            loop.run_until_complete(uvicorn.Server(config).serve([listener]))
        finally:
            if programs is not None:
                programs.close()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            asyncio.set_event_loop(None)
            loop.close()


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose servers do not wait a minute for clients that begin TLS and say no more."""

    async def create_server(self, *arguments: Any, **rest: Any) -> Any:
        if rest.get("ssl") is not None:
            rest["ssl_handshake_timeout"] = HEAD_SECONDS
        return await super().create_server(*arguments, **rest)


def _allow_many_files() -> None:
    """Let connections that are about to be closed keep no file of ours from being opened."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def terminal_qr(text: str) -> str:
    """A QR code of blocks, two modules a character."""
    drawn = StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True)
    return drawn.getvalue()
