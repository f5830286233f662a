#!/usr/bin/env bash
# Whether libdarknet.so takes the place of Debian's: its exported names, its struct layouts, and the
# boxes that a program compiled against Debian's darknet.h and a Python script with the classic
# binding get from it. Without Debian's package only the names are checked.
#
# usage: test_abi.sh [LIBRARY]
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
ours=$(realpath "${1:-$root/libdarknet.so}")
debian=/usr/lib/darknet
share=/usr/share/darknet
photo=$share/data/dog.jpg
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0
export LC_ALL=C OMP_WAIT_POLICY=passive

pass() { echo "pass: $1"; passed=$((passed + 1)); }
fail() { echo "FAIL: $1: $2"; failed=$((failed + 1)); }
skip() { echo "skip: $1: $2"; skipped=$((skipped + 1)); }

# NAME TOLERANCE A B
compare() {
  local why
  if why=$(python3 "$here/same_numbers.py" "$2" "$3" "$4" 2>&1); then pass "$1"; else fail "$1" "$why"; fi
}

check_exports() {
  nm -D --defined-only "$ours" | awk '{ print $NF }' | sort >"$work/exported"
  grep -v '^#' "$root/include/darknet.h" | tr '\n' ' ' | grep -o 'DARKNET_API [^;]*;' |
    sed -E 's/^DARKNET_API //; s/\(.*//; s/.*[ *]//' | sort >"$work/declared"
  if diff "$work/declared" "$work/exported" >"$work/difference"; then
    pass "exactly the functions of darknet.h are exported"
  else
    fail "exported names" "declared <, exported >: $(grep '^[<>]' "$work/difference" | tr '\n' ' ')"
  fi
  if grep -qx error "$work/exported"; then
    fail "no export is called error" "it would take the place of libc's error()"
  else
    pass "no export is called error"
  fi
}

# COMPILER FLAG...: with the program of darknet.h's opening comment as standard input.
compile_example() {
  sed -n '/^ \*     #include <darknet.h>/,/^ \*     }$/s/^ \* \{0,5\}//p' "$root/include/darknet.h" |
    "$@" -Wall -Wextra -Werror -I"$root/include" - -x none -o "$work/example" "$ours" 2>"$work/log"
}

check_example() {
  if compile_example cc -std=c11 -pedantic -x c && compile_example c++ -x c++ -Wno-write-strings; then
    pass "the program in darknet.h compiles as C and as C++"
  else
    fail "the program in darknet.h" "$(head -3 "$work/log" | tr '\n' ' ')"
  fi
}

check_layout() {
  local name="struct layouts and layer numbers are those of Debian's darknet.h"
  if ! cc -I"$debian/include" -o "$work/layout" "$here/abi_layout.c" 2>"$work/log" ||
    ! cc -I"$root/include" -o "$work/layout2" "$here/abi_layout.c" 2>"$work/log"; then
    fail "$name" "$(head -3 "$work/log" | tr '\n' ' ')"
    return
  fi
  "$work/layout" >"$work/a"
  "$work/layout2" >"$work/b"
  compare "$name" 0 "$work/a" "$work/b"
}

# NAME TOLERANCE COMMAND...: COMMAND with Debian's library in LIBRARY's place, and with ours.
check_python() {
  local name=$1 tolerance=$2
  shift 2
  timeout 300 python3 "$here/abi.py" "$debian/libdarknet.so" "$@" >"$work/a" 2>/dev/null
  if timeout 300 python3 "$here/abi.py" "$ours" "$@" >"$work/b" 2>"$work/log"; then
    compare "$name" "$tolerance" "$work/a" "$work/b"
  else
    fail "$name" "$(tail -1 "$work/log")"
  fi
}

# CFG WEIGHTS THRESH
check_program() {
  local name="a program compiled against Debian's header finds the same with ${1##*/}"
  mkdir -p "$work/lib"
  ln -sf "$ours" "$work/lib/libdarknet.so"
  LD_LIBRARY_PATH=$debian timeout 300 "$work/abi" "$1" "$2" "$root/data/coco.names" "$photo" "$3" \
    >"$work/a" 2>/dev/null
  if LD_LIBRARY_PATH=$work/lib timeout 300 "$work/abi" "$1" "$2" "$root/data/coco.names" "$photo" "$3" \
    >"$work/b" 2>"$work/log"; then
    compare "$name" 1e-3 "$work/a" "$work/b"
  else
    fail "$name" "$(tail -1 "$work/log")"
  fi
}

# CFG THRESH
check_network() {
  python3 "$root/scripts/synthetic-weights.py" "$1" "$work/weights" 3
  check_program "$1" "$work/weights" "$2"
  check_python "a Python script with the classic binding finds the same with $(basename "$1")" 1e-3 \
    detect "$1" "$work/weights" "$work/coco.data" "$photo" "$2"
}

check_debian() {
  check_layout
  check_python "suppression changes what Debian's changes" 1e-5 nms
  check_python "the struct of every kind of layer holds what Debian's does" 0 layers "$work"
  check_python "every kind of head decodes as Debian's" 1e-5 decode "$work"
  printf 'classes=20\nnames=%s\n' "$root/data/coco.names" >"$work/coco.data"
  if ! cc -I"$debian/include" -o "$work/abi" "$here/abi.c" -L"$debian" -ldarknet 2>"$work/log"; then
    fail "a program compiled against Debian's header" "$(head -3 "$work/log" | tr '\n' ' ')"
    return
  fi
  check_network "$root/cfg/yolov3-tiny.cfg" .8
  check_network "$root/cfg/yolov2-tiny.cfg" .3
  check_network "$share/cfg/yolov1-tiny.cfg" .15
}

check_exports
check_example
if [ -e "$debian/libdarknet.so" ] && [ -e "$debian/include/darknet.h" ]; then
  check_debian
else
  skip "comparison with Debian's library" "the package darknet is not installed"
fi
echo "test_abi: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
