"""Unlocking in an async web program: the work is done in threads, so that others are served.

    AILOCK_VAULT=vault.db uvicorn web_handler:app
    curl --data-binary @new.jpg http://127.0.0.1:8000/locks/door/unlock

It answers 200 if the photo opened the lock, 403 if it did not, 422 if it cannot be used, 429 with
`Retry-After` while the lock waits. For phones on your network `ailock serve` is the thing to use:
this program has no TLS and asks nobody who he is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ailock_sdk import CaptureError, LockedOutError, UnknownNameError, UnlockError, Vault

MAX_BYTES = 10_000_000
AT_ONCE = asyncio.Semaphore(2)
"""Each unlock takes 64 MiB for Argon2id, and the network takes all cores."""


async def unlock(request: Request) -> JSONResponse:
    if int(request.headers.get("content-length", MAX_BYTES + 1)) > MAX_BYTES:
        raise HTTPException(413, "a photo of at most 10 MB, with its length")
    photo = await request.body()
    vault: Vault = request.app.state.vault
    try:
        async with AT_ONCE:
            await asyncio.to_thread(vault.unlock, request.path_params["name"], photo)
    except UnlockError:
        raise HTTPException(403, "no match") from None
    except LockedOutError as error:
        wait = error.retry_after_seconds  # None: photos open nothing any more
        headers = None if wait is None else {"Retry-After": f"{wait:.0f}"}
        raise HTTPException(429, str(error), headers) from None
    except CaptureError as error:
        raise HTTPException(422, str(error)) from None
    except UnknownNameError as error:
        raise HTTPException(404, str(error)) from None
    return JSONResponse({"opened": True})  # the secret stays here: do with it what is to be done


@asynccontextmanager
async def one_vault(app: Starlette) -> AsyncIterator[None]:
    """One vault for all requests: threads share it, and the model is loaded once."""
    with await asyncio.to_thread(Vault.open, os.environ.get("AILOCK_VAULT")) as vault:
        app.state.vault = vault
        yield


routes = [Route("/locks/{name}/unlock", unlock, methods=["POST"])]
app = Starlette(routes=routes, lifespan=one_vault)
