# shellcheck shell=bash disable=SC2034,SC2086
# packages.sh -- the Debian packages that OpenMMO needs, and how they are installed. Sourced by ./check and ./quickstart.

packages_server="autoconf automake make gcc g++ pkg-config libc6-dev
    libevent-dev liburing-dev libssl-dev libsodium-dev libsqlite3-dev libpq-dev libjansson-dev libutf8proc-dev libsystemd-dev libcurl4-openssl-dev uthash-dev zlib1g-dev
    libncurses-dev ncurses-base"
packages_client="libglfw3-dev libvulkan-dev libvulkan-volk-dev libcglm-dev libstb-dev libimgui-dev glslang-tools
    libfreetype-dev libharfbuzz-dev libfribidi-dev libfontconfig-dev
    libvulkan1 mesa-vulkan-drivers fonts-dejavu-core"
packages_test="libcmocka-dev clang libclang-rt-14-dev clang-format-14 llvm-14 xz-utils git procps iputils-ping systemd systemd-container tmux ncurses-term mandoc groff-base openssl sqlite3
    postgresql postgresql-client pgbouncer haproxy nginx-light curl python3-jsonschema prometheus libhttp-parser-dev libwslay-dev
    vulkan-validationlayers xvfb xauth xdotool"

# Those of the given packages that are not installed.
packages_missing() {
    local name
    for name in "$@"; do
        case $(dpkg-query -W -f '${Status}' "$name" 2>/dev/null) in
        "install ok installed") ;;
        *) printf '%s ' "$name" ;;
        esac
    done
}

# Run a command as root: directly, or by sudo (without a question where nobody could answer it).
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif [ -n "$CI" ] || [ ! -t 0 ]; then
        sudo -n "$@"
    else
        sudo "$@"
    fi
}

# Install what is missing of the given packages; no apt call where nothing is. Their services are not started, and no
# database cluster is made. Says in one line what is wrong and returns 1 where it cannot.
packages_install() {
    local missing guard=/usr/sbin/policy-rc.d cluster=/etc/postgresql-common/createcluster.conf made="" log status=0
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "$0: this needs Debian 12 or a relative of it: there is no apt here" >&2
        return 1
    fi
    missing=$(packages_missing "$@")
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        echo "$0: packages are missing and there is no sudo: as root, run apt-get install $missing" >&2
        return 1
    fi
    if ! as_root true 2>/dev/null; then
        echo "$0: packages are missing and sudo does not let us: as root, run apt-get install $missing" >&2
        return 1
    fi
    echo "installing: $missing"
    log=$(mktemp) || return 1
    if [ ! -e "$guard" ]; then # tells the packages' scripts that no service may be started
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null && as_root chmod 755 "$guard" && made=$guard
    fi
    case $missing in
    *postgresql*) # the tests make clusters of their own; the machine's is not ours to make
        if [ ! -e "$cluster" ]; then
            as_root mkdir -p "${cluster%/*}" && echo "create_main_cluster = false" | as_root tee "$cluster" >/dev/null
        fi
        ;;
    esac
    if ! packages_apt install $missing >"$log" 2>&1; then # perhaps the lists are old: once more with new ones
        packages_apt update >>"$log" 2>&1
        packages_apt install $missing >>"$log" 2>&1 || status=1
    fi
    [ -n "$made" ] && as_root rm -f "$made"
    if [ $status != 0 ]; then
        echo "$0: apt-get cannot install what is missing: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")" >&2
    fi
    rm -f "$log"
    return $status
}

packages_apt() {
    local what=$1
    shift
    if [ "$what" = update ]; then
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y update
    else
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "$@"
    fi </dev/null
}
