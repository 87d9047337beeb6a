#!/bin/sh
# The first process of the boot tests: checks what a system needs, says so, and powers off.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
echo "init: up"

check() { # NAME WANTED GOT
    if [ "$2" = "$3" ]; then echo "self-test: $1 ok"; else echo "self-test: $1 FAILED: $3, not $2"; fi
}

for module in $(cat /lib/modules); do
    insmod "/lib/$module.ko" || echo "self-test: module $module FAILED"
done
for word in $(cat /proc/cmdline); do
    case $word in harts=*) check harts "${word#harts=}" "$(grep -c '^processor' /proc/cpuinfo)" ;; esac
done
check awk 500500 "$(seq 1000 | awk '{ sum += $1 } END { print sum }')"
check sha256 b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c "$(echo foo | sha256sum | cut -d' ' -f1)"
check pipes 1000 "$(seq 1000 | sort -rn | sed 's/^/x/' | tr -d x | sort -n | tail -n 1)"
check fork 20 "$(for i in $(seq 20); do (echo "$i" &) ; done | wc -l)"
check sleep 0 "$(sleep 0.1; echo $?)"
check rtc /dev/rtc0 "$(ls /dev/rtc0 2>&1)"
echo "date: $(date -u +%Y-%m-%dT%H)"
echo "self-test: done"
poweroff -f
