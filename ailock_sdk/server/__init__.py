"""The phone page of a vault: ``ailock serve``. Needs the extra ``[server]``."""

from ailock_sdk.server.actions import Action, RunCommand, SwitchLine
from ailock_sdk.server.app import make_app
from ailock_sdk.server.devices import Device, Devices
from ailock_sdk.server.guard import Site
from ailock_sdk.server.running import Served, serve, terminal_qr
from ailock_sdk.server.service import Service
from ailock_sdk.server.state import state_folder
from ailock_sdk.server.trust import Trust
from ailock_sdk.server.waiting import Waiting, wait_for

__all__ = ["Action", "RunCommand", "SwitchLine", "make_app", "Device", "Devices", "Site"]
__all__ += ["Trust", "Served", "serve", "terminal_qr", "Service", "state_folder"]
__all__ += ["Waiting", "wait_for"]
