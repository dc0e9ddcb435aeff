"""What requests are answered with: pages of templates, JSON, redirections, problems."""

from __future__ import annotations

import datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from starlette.requests import Request
from starlette.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.types import Scope

from ailock_sdk.server.problems import Problem
from ailock_sdk.server.texts import text, texts

_API = "/api/"


def page(request: Request, template: str, status: int = 200, **values: Any) -> Response:
    """A page of a template's file, which shows the values.

    Every template also gets the texts, the device and its CSRF token.
    """
    told = request.query_params.get("told", "")
    content = _render(
        template,
        device=getattr(request.state, "device", None),
        csrf=getattr(request.state, "csrf", ""),
        told=text(f"told.{told}") if f"told.{told}" in texts() else "",
        path=request.url.path,
        **values,
    )
    return HTMLResponse(content, status)


def see(path: str, told: str) -> Response:
    """Send the browser to another page, which tells what was done."""
    separator = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{separator}told={told}", 303)


def refusal(problem: Problem, scope: Scope) -> Response:
    """The answer to a request that was refused: JSON for scripts, else a page or a few words."""
    headers = {}
    if problem.retry_after_seconds is not None:
        headers["retry-after"] = f"{problem.retry_after_seconds:.0f}"
    if scope["path"].startswith(_API):
        return JSONResponse(problem.describe(), problem.status, headers)
    if problem.code == "not_paired" and scope["method"] == "GET":
        return RedirectResponse("/pair", 303)
    device = scope.get("state", {}).get("device")
    if device is None:  # few words for strangers, however many they are
        return PlainTextResponse(problem.text, problem.status, headers)
    content = _render(
        "problem.html", device=device, csrf="", told="", path=scope["path"], problem=problem
    )
    return HTMLResponse(content, problem.status, headers)


def _render(template: str, **values: Any) -> str:
    return _templates().get_template(template).render(**values)


@cache
def _templates() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(t=text, texts=texts())
    environment.filters["date"] = _date
    environment.filters["time"] = _time
    return environment


def _date(value: int | str) -> str:
    return _time(value)[:10]


def _time(value: int | str) -> str:
    """Seconds since 1970, or a date as ISO 8601 has it, in the server's time zone."""
    if isinstance(value, str):
        moment = datetime.datetime.fromisoformat(value)
    else:
        moment = datetime.datetime.fromtimestamp(value, datetime.timezone.utc)
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
