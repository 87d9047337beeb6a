#!/bin/bash
# Prints where this machine's apt gets Debian from: the first source that is neither
# the security archive nor somebody else's.
set -euo pipefail
{
    cat /etc/apt/sources.list.d/*.sources /etc/apt/sources.list.d/*.list /etc/apt/sources.list 2>/dev/null || true
} | awk '
    $1 == "URIs:" { for (i = 2; i <= NF; i++) print $i }
    $1 == "deb"   { for (i = 2; i <= NF; i++) if ($i ~ /^[a-z+]+:\/\//) { print $i; break } }
' | sed 's,/*$,,' | grep -E '/debian$' | head -n 1
