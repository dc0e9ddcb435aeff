"""The pages and their forms, which work without scripts wherever no camera is needed."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ailock_sdk.errors import AilockError
from ailock_sdk.secret import Hidden
from ailock_sdk.server.answers import page, see
from ailock_sdk.server.devices import Devices
from ailock_sdk.server.guard import Site
from ailock_sdk.server.problems import Problem, problem_of
from ailock_sdk.server.service import Service
from ailock_sdk.server.work import Turns

_COOKIE_SECONDS = 400 * 24 * 60 * 60
"""The longest that browsers keep one."""


class Pages:
    """The routes that people see.

    Parameters
    ----------
    site : Site
    devices : Devices
    service : Service
    turns, vault_turns : Turns
        For reading, and for work with the vault.
    """

    def __init__(
        self, site: Site, devices: Devices, service: Service, turns: Turns, vault_turns: Turns
    ) -> None:
        self._site = site
        self._devices = devices
        self._service = service
        self._read = turns
        self._vault = vault_turns

    async def locks(self, request: Request) -> Response:
        """``/``: all locks."""
        return page(request, "locks.html", locks=await self._read(self._service.locks))

    async def enroll(self, request: Request) -> Response:
        """``/enroll``: make a lock."""
        return page(request, "enroll.html")

    async def unlock(self, request: Request) -> Response:
        """``/unlock?name=``: open a lock."""
        return page(request, "unlock.html", lock=await self._named(request))

    async def lock(self, request: Request) -> Response:
        """``/lock?name=``: what opens a lock, and changes to it."""
        return page(request, "lock.html", lock=await self._named(request), problem=None)

    async def history(self, request: Request) -> Response:
        """``/history``: what happened."""
        events = await self._read(self._service.history.newest)
        return page(request, "history.html", events=events)

    async def recover(self, request: Request) -> Response:
        """``/recover?name=``: open a lock by its code."""
        return page(request, "recover.html", lock=await self._named(request), problem=None)

    async def recover_now(self, request: Request) -> Response:
        """The form of ``/recover``."""
        form = request.state.form
        name, code = form.get("name", ""), Hidden(form.pop("code", "").encode())
        try:
            action = await self._vault(self._service.recover, request.state.device, name, code)
        except AilockError as error:
            return await self._again(request, "recover.html", name, problem_of(error))
        told = "recovered_action_failed" if action == "failed" else "recovered"
        return see(_of_lock("/lock", name), told)

    async def rename(self, request: Request) -> Response:
        """A form of ``/lock``."""
        form = request.state.form
        name, new = form.get("name", ""), form.get("new", "")
        try:
            await self._vault(self._service.rename, request.state.device, name, new)
        except AilockError as error:
            problem = problem_of(error)
            problem.field = "new" if problem.field == "name" else problem.field
            return await self._again(request, "lock.html", name, problem)
        return see(_of_lock("/lock", new), "renamed")

    async def remove(self, request: Request) -> Response:
        """A form of ``/lock``."""
        form = request.state.form
        name, typed = form.get("name", ""), form.get("typed", "")
        try:
            await self._vault(self._service.remove, request.state.device, name, typed)
        except (Problem, AilockError) as error:
            problem = error if isinstance(error, Problem) else problem_of(error)
            return await self._again(request, "lock.html", name, problem)
        return see("/", "removed")

    async def devices(self, request: Request) -> Response:
        """``/devices``: who may use the page."""
        return page(request, "devices.html", devices=self._devices.all(), code=None)

    async def new_pairing_code(self, request: Request) -> Response:
        """A form of ``/devices``."""
        code = await self._read(self._devices.new_code)
        return page(request, "devices.html", devices=self._devices.all(), code=code)

    async def revoke(self, request: Request) -> Response:
        """A form of ``/devices``."""
        revoked = await self._read(self._devices.revoke, request.state.form.get("id", ""))
        if revoked is not None:
            await self._read(self._service.note, "revoked", "", revoked)
        return see("/devices", "revoked")

    async def pair(self, request: Request) -> Response:
        """``/pair``: become a paired device."""
        if request.state.device is not None:
            return RedirectResponse("/", 303)
        return page(request, "pair.html", problem=None)

    async def pair_now(self, request: Request) -> Response:
        """The form of ``/pair``."""
        form = request.state.form
        paired = await self._read(
            self._devices.pair, form.get("code", ""), form.get("device_name", "")
        )
        if paired is None:
            problem = Problem(403, "wrong_pairing_code", "code")
            return page(request, "pair.html", problem.status, problem=problem)
        device, token = paired
        await self._read(self._service.note, "paired", "", device)
        response = see("/", "paired")
        response.set_cookie(
            self._site.cookie,
            token,
            max_age=_COOKIE_SECONDS,
            secure=self._site.secure,
            httponly=True,
            samesite="strict",
        )
        return response

    async def _named(self, request: Request) -> object:
        return await self._read(self._service.lock, request.query_params.get("name", ""))

    async def _again(
        self, request: Request, template: str, name: str, problem: Problem
    ) -> Response:
        """The form once more, with what was wrong."""
        lock = await self._read(self._service.lock, name)
        return page(request, template, problem.status, lock=lock, problem=problem)


def _of_lock(path: str, name: str) -> str:
    return f"{path}?{urlencode({'name': name})}"
