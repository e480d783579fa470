#!/bin/sh
# The Debian and npm packages the referee tests talk to. Nothing is left running: a broker is started by the test that needs it.
set -eu

packages="mosquitto openssl chromium mbpoll socat gcc pkg-config nodejs npm"
PATH="$PATH:/usr/sbin:/sbin"

# What a package's command is called, where it is not the package's name.
command_of() {
    case "$1" in nodejs) echo node ;; *) echo "$1" ;; esac
}

missing=""
command -v systemd-analyze >/dev/null 2>&1 || missing=" systemd"
for package in $packages; do
    command -v "$(command_of "$package")" >/dev/null 2>&1 || missing="$missing $package"
done
pkg-config --exists libmodbus 2>/dev/null || missing="$missing libmodbus-dev"

# The npm peers go into a hidden folder that git and the checkers pass over; a link lets node find
# them. Their versions stand in package.json.
install_node_peers() {
    folder="$(dirname "$0")/node"
    cache="$folder/.cache"
    cmp -s "$folder/package.json" "$cache/package.json" && [ -d "$folder/node_modules" ] && return
    mkdir -p "$cache"
    cp "$folder/package.json" "$cache/package.json"
    npm install --prefix "$cache" --no-package-lock --no-audit --no-fund --omit=optional --silent
    ln -sfn .cache/node_modules "$folder/node_modules"
}

if [ -z "$missing" ]; then
    install_node_peers
    exit 0
fi

if [ "$(id -u)" -eq 0 ]; then
    as_root="env"
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo env"
else
    echo "The referee tests need$missing. Type: sudo apt-get install -y$missing" >&2
    exit 1
fi

# The package would start its service: mask it first, so that it never runs and never holds a port.
case "$missing" in
*mosquitto*)
    if [ -d /run/systemd/system ]; then
        $as_root systemctl mask --now mosquitto.service >/dev/null 2>&1 || true
    fi
    ;;
esac

install() {
    # RUNLEVEL=1 keeps invoke-rc.d from starting services on machines without systemd.
    # shellcheck disable=SC2086
    $as_root DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends $missing
}

install || { $as_root apt-get update -q && install; }
install_node_peers
