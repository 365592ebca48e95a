#!/bin/sh
# A journal that one build wrote replays to the same hashes in builds by other compilers and at other levels of
# optimisation: gcc -O0, gcc -O2, clang, ASan with UBSan. Only what the simulation needs is built.
# Also: one command changed in the recorded file is found, by every build.
set -eu
src=$(cd "${srcdir:-$(dirname "$0")/../..}" && pwd)
dir=$(mktemp -d "${TMPDIR:-/tmp}/replay-builds.XXXXXX")
trap 'rm -rf "$dir"' EXIT INT TERM

sources="$src/tests/server/replay_tool.c"
for room in blob error wire protocol cellblock heightfield movement thread; do
    sources="$sources $src/src/common/$room.c"
done
sources="$sources $(echo "$src"/src/server/sim/*.c)"

build() { # name, compiler and flags
    name=$1
    shift
    "$@" -std=gnu11 -D_GNU_SOURCE -DPACKAGE_STRING='"replay test"' -pthread -I"$src/src" -I"$src/src/server" \
        -I"$src/tests/server" $sources -lsodium -o "$dir/$name" || { echo "cannot build $name"; exit 1; }
}

command -v clang >/dev/null 2>&1 || { echo "SKIP: clang is not installed"; exit 77; }
build gcc-O2 gcc -O2
build gcc-O0 gcc -O0 &
one=$!
build clang clang -O2
wait $one
build asan gcc -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined

"$dir/gcc-O2" record "$dir/journal" 600
"$dir/gcc-O2" replay "$dir/journal" >"$dir/expected"
tail -n 1 "$dir/expected"
grep -q '^600 ticks replayed up to tick 600,' "$dir/expected" || { echo "not whole"; exit 1; }
failed=0
for name in gcc-O0 clang asan; do
    if "$dir/$name" replay "$dir/journal" >"$dir/out" && cmp -s "$dir/out" "$dir/expected"; then
        echo "ok: $name gives the same $(grep -c ' ok$' "$dir/out") hashes"
    else
        echo "FAILED: $name"
        diff "$dir/expected" "$dir/out" | head -n 4
        failed=1
    fi
done

# The same journal by another build is the same file, byte for byte.
"$dir/clang" record "$dir/journal2" 600
cmp "$dir/journal" "$dir/journal2" || failed=1

# One byte in the middle of the file.
size=$(wc -c <"$dir/journal")
printf '\377' | dd of="$dir/journal2" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
cmp -s "$dir/journal" "$dir/journal2" && printf '\000' |
    dd of="$dir/journal2" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
for name in gcc-O2 clang; do
    if "$dir/$name" replay "$dir/journal2" >"$dir/out" 2>"$dir/err"; then
        echo "FAILED: $name did not see the change"
        failed=1
    fi
    grep -q '^tick [0-9]*: ' "$dir/err" || failed=1
done
exit $failed
