#!/bin/sh
# Installs what is missing, with apt on Debian and Ubuntu.
#
#   scripts/setup.sh build    compiler and libraries
#   scripts/setup.sh demo     the same, and python3 and npm for the face model
#   scripts/setup.sh bench    the same, and what is measured beside this program
#   scripts/setup.sh test     everything the tests compare with, the other compilers included
#
# Asks the machine for the thing itself (a program, a header, a pkg-config module), not for a package
# name, so hand-installed tools count. When nothing is missing it returns at once. Without root it
# uses sudo; without either it says what to install and fails. What the tests can do without (they
# say then what they skip) only warns when apt does not have it.
set -eu
what=${1:-build}
required=""
optional=""

have() { command -v "$1" >/dev/null 2>&1; }
module() { have pkg-config && pkg-config --exists "$1"; }
need() { required="$required $1"; }
like() { optional="$optional $1"; }
c_ok() { # c_ok COMPILER FLAGS...: does a small program compile and link with these flags?
    printf 'int main(void) { return 0; }\n' | "$@" -x c -o /dev/null - 2>/dev/null
}

have gcc || need gcc
have make || need make
have pkg-config || need pkg-config
[ -e /usr/include/stdio.h ] || need libc6-dev
module libjpeg || need "libjpeg62-turbo-dev|libjpeg-turbo8-dev|libjpeg-dev"
module libpng || need libpng-dev
module stb || need libstb-dev

if [ "$what" = demo ] || [ "$what" = test ]; then
    have python3 || need python3
    have npm || need npm
    have tar || need tar
fi
if [ "$what" = bench ]; then
    have python3 || need python3
    [ -x /usr/bin/darknet ] || like darknet
    /usr/bin/python3 -c 'import cv2' 2>/dev/null || like python3-opencv
fi
if [ "$what" = test ]; then
    module check || need check
    [ -x /usr/bin/darknet ] || like darknet
    /usr/bin/python3 -c 'import numpy' 2>/dev/null || need python3-numpy
    have clang || like clang
    have valgrind || like valgrind
    c_ok clang -fopenmp || like "libomp-dev"
    c_ok clang -fsanitize=thread || like "libclang-rt-dev|libclang-rt-14-dev"
    have aarch64-linux-gnu-gcc || like gcc-aarch64-linux-gnu
    [ -e /usr/aarch64-linux-gnu/include/stdio.h ] || like libc6-dev-arm64-cross
    have qemu-aarch64 || have qemu-aarch64-static || like "qemu-user|qemu-user-static"
fi
[ -n "$required$optional" ] || exit 0

if ! have apt-get; then
    echo "Please install:$required$optional (no apt-get here to do it)" >&2
    [ -z "$required" ] || exit 1
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    run=""
elif have sudo && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    run=sudo
else
    echo "Please install, as root: apt-get install$required$optional" >&2
    [ -z "$required" ] || exit 1
    exit 0
fi

export DEBIAN_FRONTEND=noninteractive
$run apt-get update -qq >&2 || true
install() { # install "NAME|OTHER NAME|...": the first one that apt has
    for name in $(echo "$1" | tr '|' ' '); do
        if apt-cache show "$name" >/dev/null 2>&1; then
            echo "Installing $name" >&2
            $run apt-get install -y -qq --no-install-recommends "$name" >/dev/null && return 0
        fi
    done
    return 1
}
for item in $required; do
    install "$item" || { echo "apt could not install $item" >&2; exit 1; }
done
for item in $optional; do
    install "$item" || echo "apt could not install $item: the tests that need it are skipped" >&2
done
