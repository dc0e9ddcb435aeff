"""Photo to pixels: decode, choose segments and looks, resize, and judge the quality."""

from __future__ import annotations

from ailock_sdk.capture.decode import WHOLE_SIZE_PIXELS, decode_photo
from ailock_sdk.capture.looks import look_views
from ailock_sdk.capture.photo import Photo, Pixels, crop_and_resize
from ailock_sdk.capture.quality import QualityIssue, assess_quality
from ailock_sdk.capture.segments import SEGMENT_NAMES, Box, segment_boxes
from ailock_sdk.capture.snapshot import encode_png
from ailock_sdk.capture.source import PhotoSource, read_photo
from ailock_sdk.profiles import Look

__all__ = ["PhotoSource", "Pixels", "Photo", "read_photo", "decode_photo", "WHOLE_SIZE_PIXELS"]
__all__ += ["SEGMENT_NAMES", "Box", "segment_boxes", "crop_and_resize", "Look", "look_views"]
__all__ += ["QualityIssue", "assess_quality", "encode_png"]
