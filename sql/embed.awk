# embed.awk -- numbered SQL files as rows of a C table: {version, "name", "text"}.
function finish()
{
    if (open)
        print "    },"
}

FNR == 1 {
    finish()
    name = FILENAME
    sub(/.*\//, "", name)
    sub(/\.sql$/, "", name)
    version = name + 0
    sub(/^[0-9]+_/, "", name)
    printf "    {\n        %d,\n        \"%s\",\n", version, name
    open = 1
}

/\\/ {
    print "embed.awk: " FILENAME ":" FNR ": a backslash is not provided for" >"/dev/stderr"
    exit 1
}

{
    gsub(/"/, "\\\"")
    printf "        \"%s\\n\"\n", $0
}

END {
    finish()
}
