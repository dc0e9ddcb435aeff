"""Frames of cameras, video files and streams, and what can be measured of them at a glance."""

from ailock_sdk.camera.burst import Burst
from ailock_sdk.camera.camera import Camera, Frame
from ailock_sdk.camera.glance import Glance
from ailock_sdk.camera.sources import CameraInfo, list_cameras, open_camera

__all__ = ["Burst", "Camera", "CameraInfo", "Frame", "Glance", "list_cameras", "open_camera"]
