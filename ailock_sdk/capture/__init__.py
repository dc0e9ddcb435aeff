"""Photo to pixels: decode, choose segments, resize, and judge the quality."""

from __future__ import annotations

from ailock_sdk.capture.decode import Photo, PhotoSource, Pixels, decode_photo
from ailock_sdk.capture.quality import QualityIssue, QualityThresholds, assess_quality
from ailock_sdk.capture.resize import crop_and_resize
from ailock_sdk.capture.segments import SEGMENT_NAMES, Box, segment_boxes

__all__ = [
    "PhotoSource",
    "Pixels",
    "Photo",
    "decode_photo",
    "SEGMENT_NAMES",
    "Box",
    "segment_boxes",
    "crop_and_resize",
    "QualityIssue",
    "QualityThresholds",
    "assess_quality",
]
