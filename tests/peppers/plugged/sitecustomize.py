"""In processes that are started with this folder in ``PYTHONPATH``, security keys are files."""

import fido2.hid

from tests.peppers.security_key import SecurityKey

fido2.hid.CtapHidDevice.list_devices = SecurityKey.list_devices
