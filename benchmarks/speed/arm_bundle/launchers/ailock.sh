#!/bin/sh
# The ailock command of this folder.

case $0 in
*/*) here=${0%/*} ;;
*) here=. ;;
esac
exec sh "$here/python" -m ailock_sdk "$@"
