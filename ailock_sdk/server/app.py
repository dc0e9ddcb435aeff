"""The whole application: routes behind the guard."""

from __future__ import annotations

from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from ailock_sdk.errors import AilockError
from ailock_sdk.server.answers import refusal
from ailock_sdk.server.api import Api
from ailock_sdk.server.devices import Devices
from ailock_sdk.server.guard import Guard, Site
from ailock_sdk.server.pages import Pages
from ailock_sdk.server.problems import Problem, told_problem
from ailock_sdk.server.service import Service
from ailock_sdk.server.work import Turns


def make_app(service: Service, devices: Devices, site: Site) -> ASGIApp:
    """The page as an ASGI application.

    Parameters
    ----------
    service : Service
    devices : Devices
    site : Site
    """
    reading, unlocking, looking = Turns("pages", 16), Turns("vault", 4), Turns("look", 8)
    api = Api(service, unlocking, looking)
    pages = Pages(site, devices, service, reading, unlocking)
    routes = [
        Route("/", pages.locks),
        Route("/enroll", pages.enroll),
        Route("/unlock", pages.unlock),
        Route("/lock", pages.lock),
        Route("/recover", pages.recover),
        Route("/recover", pages.recover_now, methods=["POST"]),
        Route("/rename", pages.rename, methods=["POST"]),
        Route("/remove", pages.remove, methods=["POST"]),
        Route("/history", pages.history),
        Route("/devices", pages.devices),
        Route("/devices/code", pages.new_pairing_code, methods=["POST"]),
        Route("/devices/revoke", pages.revoke, methods=["POST"]),
        Route("/pair", pages.pair),
        Route("/pair", pages.pair_now, methods=["POST"]),
        Route("/api/look", api.look, methods=["POST"]),
        Route("/api/check", api.check, methods=["POST"]),
        Route("/api/enroll", api.enroll, methods=["POST"]),
        Route("/api/unlock", api.unlock, methods=["POST"]),
        Route("/api/recovery-code", api.new_code, methods=["POST"]),
        Mount("/static", StaticFiles(directory=Path(__file__).with_name("static"))),
    ]
    app = Starlette(
        routes=routes,
        exception_handlers={
            HTTPException: _not_routed,
            Problem: _problem,
            AilockError: _error,
            Exception: _error,
        },
    )
    app.router.redirect_slashes = False
    return Guard(app, site, devices, refusal)


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)
    return refusal(problem, request.scope)


async def _error(request: Request, error: Exception) -> Response:
    return refusal(told_problem(error), request.scope)


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = "method" if error.status_code == 405 else "not_found"
    return refusal(Problem(error.status_code, code), request.scope)
