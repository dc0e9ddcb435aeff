"""What the page's scripts ask for, in JSON: everything that needs the camera.

Photos are JPEG files in Base64; they are decoded, compared and forgotten.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from ailock_sdk.secret import Hidden, hidden_pin
from ailock_sdk.server.problems import Problem
from ailock_sdk.server.service import Service
from ailock_sdk.server.texts import text
from ailock_sdk.server.work import Turns
from ailock_sdk.strict_json import Strict, StrictJsonError, read_json

_MAX_PAGE_CHARACTERS = 64

Kind = TypeVar("Kind", bound=Strict)


class _Photos(Strict, frozen=True):
    photos: list[str]


class _Attempt(Strict, frozen=True):
    name: str
    photos: list[str]
    pin: str | None = None
    trial: bool = False


class _New(Strict, frozen=True):
    name: str
    photos: list[str]
    pin: str | None = None


class Api:
    """The routes below ``/api``.

    Parameters
    ----------
    service : Service
    vault_turns, look_turns : Turns
        For work with the vault, and for frames that are only judged.
    """

    def __init__(self, service: Service, vault_turns: Turns, look_turns: Turns) -> None:
        self._service = service
        self._vault = vault_turns
        self._look = look_turns

    async def look(self, request: Request) -> Response:
        """``POST /api/look?page=ID`` with a JPEG: the advice that is due."""
        if request.headers["content-type"] != "image/jpeg":
            raise Problem(415, "bad_request")
        seen = await self._look(
            self._service.looks.look, request.state.device.id, _page(request), await request.body()
        )
        advice = seen.advice.value
        facts = {"advice": advice, "text": text(f"advice.{advice}")}
        return JSONResponse({**facts, "good": seen.good, "references": seen.references})

    async def check(self, request: Request) -> Response:
        """``POST /api/check?page=ID`` with ``photos``: whether the last goes with the others."""
        asked = await _read(request, _Photos)
        await self._vault(
            self._service.check, request.state.device, _page(request), _photos(asked.photos)
        )
        return JSONResponse({"references": len(asked.photos)})

    async def enroll(self, request: Request) -> Response:
        """``POST /api/enroll`` with ``name``, three ``photos``, ``pin``: the recovery code."""
        asked = await _read(request, _New)
        code = await self._vault(
            self._service.enroll,
            request.state.device,
            asked.name,
            _photos(asked.photos),
            _pin(asked.pin),
        )
        return JSONResponse({"name": asked.name, "recovery_code": code})

    async def unlock(self, request: Request) -> Response:
        """``POST /api/unlock`` with ``name``, ``photos``, ``pin``, ``trial``: one attempt."""
        asked = await _read(request, _Attempt)
        action = await self._vault(
            self._service.unlock,
            request.state.device,
            asked.name,
            _photos(asked.photos),
            _pin(asked.pin),
            asked.trial,
        )
        return JSONResponse({"opened": True, "action": action})

    async def new_code(self, request: Request) -> Response:
        """``POST /api/recovery-code`` with ``name``, ``photos``, ``pin``: a new code."""
        asked = await _read(request, _New)
        code = await self._vault(
            self._service.new_code,
            request.state.device,
            asked.name,
            _photos(asked.photos),
            _pin(asked.pin),
        )
        return JSONResponse({"recovery_code": code})


async def _read(request: Request, kind: type[Kind]) -> Kind:
    try:
        return read_json(await request.body(), kind)
    except StrictJsonError:
        raise Problem(400, "bad_request") from None


def _page(request: Request) -> str:
    page = request.query_params.get("page", "")
    if not 1 <= len(page) <= _MAX_PAGE_CHARACTERS:
        raise Problem(400, "bad_request")
    return page


def _photos(photos: list[str]) -> list[bytes]:
    try:
        return [b64decode(photo, validate=True) for photo in photos]
    except (binascii.Error, ValueError):
        raise Problem(400, "bad_request") from None


def _pin(pin: str | None) -> Hidden | None:
    return hidden_pin(pin or None)
