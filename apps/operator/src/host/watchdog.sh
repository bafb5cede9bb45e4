#!/bin/sh
# Ends the processes of a runtime that is gone, however it went.
# Argument: the marker of its processes. Input, from the runtime: `+ GROUP` (started), `- GROUP` (ended),
# `.` (closed in order, nothing to do). End of input without `.` means that the runtime was killed.
marker="MCP_RUNTIME_INSTANCE=$1"
started=' '

# What is sent to stop the runtime must not stop this.
trap '' HUP INT TERM

while read -r word group; do
  case $word in
    '+') started="$started$group " ;;
    '-') case $started in *" $group "*) started="${started%% "$group" *} ${started#* "$group" }" ;; esac ;;
    '.') exit 0 ;;
  esac
done

# Nothing where there is no /proc.
marked() {
  grep -lF "$marker" /proc/[0-9]*/environ 2>/dev/null | sed 's|^/proc/||; s|/environ$||'
}

group_of() {
  # shellcheck disable=SC2046 # fields after the name: state, parent, group
  set -- $(sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null)
  echo "${3:-none}"
}

# A number may have been given to somebody else's group since; only one with a marked process is ours.
groups=$started
if [ -d /proc/self ]; then
  groups=
  for pid in $(marked); do
    group=$(group_of "$pid")
    case $started in *" $group "*) groups="$groups $group" ;; esac
  done
fi

signal_all() {
  for group in $groups; do kill "-$1" "-$group" 2>/dev/null; done
  # Also finds what moved to another group, and what was just being started.
  for pid in $(marked); do kill "-$1" "$pid" 2>/dev/null; done
}

signal_all TERM
sleep 1
signal_all KILL
sleep 1
signal_all KILL
