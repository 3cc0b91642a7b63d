#!/bin/sh
# insmod, rmmod, modprobe and dmesg of a stand-in for a kernel: whichever this file is called as. The kernel is two directories,
# /sys/module and /proc. It takes and gives back modules by the rules of the real one: release, dependencies, holders.
set -eu
modules=/sys/module
release=$(cat /proc/sys/kernel/osrelease)

fail() {
  echo "$1" >&2
  exit 1
}

# What /proc/modules shows.
list() {
  for state in "$modules"/*/initstate; do
    [ -e "$state" ] || continue
    directory=$(dirname "$state")
    echo "$(basename "$directory") 16384 $(cat "$directory/refcnt") - Live 0x0000000000000000"
  done >/proc/modules
}

count() { ls "$modules/$1/holders" | wc -l >"$modules/$1/refcnt"; }

# Name, srcversion, version, and the modules that it needs. initstate comes last: whoever sees it sees all of it.
add() {
  name=$1
  mkdir -p "$modules/$name/holders"
  echo "$2" >"$modules/$name/srcversion"
  echo "$3" >"$modules/$name/version"
  count "$name"
  shift 3
  for need; do
    : >"$modules/$need/holders/$name"
    count "$need"
  done
  echo live >"$modules/$name/initstate"
  list
}

do_insmod() {
  refused="insmod: ERROR: could not insert module $1:"
  name=$(modinfo -F name "$1" 2>/dev/null) || fail "$refused Invalid module format"
  [ ! -e "$modules/$name" ] || fail "$refused File exists"
  vermagic=$(modinfo -F vermagic "$1")
  if [ "${vermagic%% *}" != "$release" ]; then
    echo "$name: version magic '$vermagic' should be '$release '" >>/proc/kmsg
    fail "$refused Invalid module format"
  fi
  needs=$(modinfo -F depends "$1" | tr , ' ')
  for need in $needs; do
    if [ ! -e "$modules/$need" ]; then
      echo "$name: Unknown symbol of $need (err -2)" >>/proc/kmsg
      fail "$refused Unknown symbol in module, or unknown parameter (see dmesg)"
    fi
  done
  # shellcheck disable=SC2086
  add "$name" "$(modinfo -F srcversion "$1")" "$(modinfo -F version "$1")" $needs
}

do_rmmod() {
  [ -e "$modules/$1" ] || fail "rmmod: ERROR: Module $1 is not currently loaded"
  holders=$(ls "$modules/$1/holders" | xargs)
  [ -z "$holders" ] || fail "rmmod: ERROR: Module $1 is in use by: $holders"
  rm -r "${modules:?}/$1"
  for held in "$modules"/*/holders/"$1"; do
    [ -e "$held" ] || continue
    rm "$held"
    count "$(basename "$(dirname "$(dirname "$held")")")"
  done
  list
}

# Modules of the kernel's own have no version here: nobody compares them.
do_modprobe() {
  name=$(echo "$1" | tr - _)
  tr - _ <"/lib/modules/$release/modules.dep" | grep -q "/$name\.ko[.a-z]*:" ||
    fail "modprobe: FATAL: Module $1 not found in directory /lib/modules/$release"
  [ -e "$modules/$name" ] || add "$name" '' ''
}

do_dmesg() { cat /proc/kmsg; }

"do_$(basename "$0")" "$@"
