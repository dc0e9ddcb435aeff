"""Helper-data recovery: what a stolen record gives away to a thief without a photo."""
