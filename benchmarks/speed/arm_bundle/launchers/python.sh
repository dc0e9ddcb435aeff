#!/bin/sh
# Start this folder's Python through this folder's dynamic loader, wherever the folder is.
# AILOCK_EMULATOR, if set, is a command that runs programs of the folder's architecture.

case $0 in
*/*) here=${0%/*} ;;
*) here=. ;;
esac
here=$(CDPATH='' cd -- "${here:-/}" && pwd -P) || exit 126

# Only this folder's modules, whatever the caller's Python or the current directory.
unset PYTHONPATH PYTHONSTARTUP
# Its bytecode is kept: compiling would be most of a later start.
unset PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX
export PYTHONHOME="$here" PYTHONNOUSERSITE=1 PYTHONSAFEPATH=1
# A library that the system wants loaded first is one for another libc.
unset LD_PRELOAD

# A phone's shell has no home and no /tmp that it may write to.
if [ ! -w "${HOME:-}" ] && mkdir -p "$here/home" 2>/dev/null; then
    export HOME="$here/home"
fi
if [ ! -w "${TMPDIR:-/tmp}" ] && mkdir -p "$here/tmp" 2>/dev/null; then
    export TMPDIR="$here/tmp"
fi

# The emulator's arguments are words of their own: no quotes.
exec ${AILOCK_EMULATOR:-} "$here/lib/@LOADER@" --library-path "$here/lib" "$here/bin/python3" "$@"
