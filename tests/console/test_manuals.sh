#!/bin/sh
# The manual pages against the programs: groff and mandoc have nothing to say about their markup, and each option that a
# program's --help names stands in its page, and the other way round.
top=${top_srcdir:-${srcdir:-.}}
command -v groff >/dev/null && command -v mandoc >/dev/null || { echo "groff or mandoc is not here"; exit 77; }
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

for page in "$top"/man/*.[1-9]; do
    said=$(groff -ww -z -mandoc -Tutf8 "$page" 2>&1; mandoc -T lint -W warning "$page" 2>/dev/null)
    [ -z "$said" ] || { echo "$page: $said"; status=1; }
done

# Long options, one a line; not --section.key, which stands for all of openmmo.ini, nor what configure takes, nor the fault
# that only test builds can plant.
options() {
    grep -oE -e '(^|[^a-z-])--[a-z][a-z-]*[^ ]?' | grep -v '\.$' | grep -oE -e '--[a-z][a-z-]*' | grep -v -e '^--enable-' -e '^--burden$' |
        sort -u
}

compared=0
for pair in openmmod:8 openmmo-console:1 openmmo-client:6 openmmo-bots:1; do
    program=${pair%:*}
    [ -x "./$program" ] || continue # a build without the client
    "./$program" --help 2>&1 | options >"$work/help"
    mandoc -T ascii -O width=400 "$top/man/$program.${pair#*:}" | sed 's/.\x08//g' | options >"$work/page"
    echo "$program: $(wc -l <"$work/help") options"
    diff "$work/help" "$work/page" >"$work/diff" || {
        sed -n "s/^< /$program's page does not name /p; s/^> /$program --help does not name /p" "$work/diff"
        status=1
    }
    compared=$((compared + 1))
done
[ $compared -ge 3 ] || { echo "there was nothing to compare"; status=1; }
exit $status
