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
    case $word in
    harts=*) check harts "${word#harts=}" "$(grep -c '^processor' /proc/cpuinfo)" ;;
    disk=*) disk=${word#disk=} ;;
    net=*) net=${word#net=} ;;
    esac
done
check awk 500500 "$(seq 1000 | awk '{ sum += $1 } END { print sum }')"
check sha256 b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c "$(echo foo | sha256sum | cut -d' ' -f1)"
check pipes 1000 "$(seq 1000 | sort -rn | sed 's/^/x/' | tr -d x | sort -n | tail -n 1)"
check fork 20 "$(for i in $(seq 20); do (echo "$i" &) ; done | wc -l)"
check sleep 0 "$(sleep 0.1; echo $?)"
check rtc /dev/rtc0 "$(ls /dev/rtc0 2>&1)"
check date 2025 "$(date -u +%Y)"
if [ -n "$disk" ]; then # its first MiB has that sum; another MiB is written and read back
    check read "$disk" "$(dd if=/dev/vda bs=64k count=16 2>/dev/null | sha256sum | cut -d' ' -f1)"
    seq 200000 | dd of=/tmp/data bs=64k count=16 iflag=fullblock 2>/dev/null
    dd if=/tmp/data of=/dev/vda bs=64k seek=16 conv=fsync 2>/dev/null
    echo 3 >/proc/sys/vm/drop_caches
    check write "$(sha256sum </tmp/data)" "$(dd if=/dev/vda bs=64k skip=16 count=16 2>/dev/null | sha256sum)"
fi
if [ -n "$net" ]; then # HOST:PORT answers a line with "you said LINE"
    ip link set eth0 up
    # shellcheck disable=SC2016
    printf '#!/bin/sh\n[ "$1" = bound ] && ip addr add $ip/24 dev eth0 && echo "self-test: dhcp $ip ok" >/tmp/dhcp\nexit 0\n' >/tmp/udhcpc
    chmod +x /tmp/udhcpc
    udhcpc -q -f -n -i eth0 -s /tmp/udhcpc >/dev/null 2>&1
    cat /tmp/dhcp
    check tcp "you said hello" "$(echo hello | nc -w 5 "${net%:*}" "${net#*:}")"
fi
echo "self-test: done"
sleep 1 # until that has left the serial port
poweroff -f
