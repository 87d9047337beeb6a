/*
 * init.c - the first process on the small RV32 kernel: asks it for what a
 * system needs, says what came, and powers off.
 *
 * Model    No C library: raw system calls. RV32 has only those whose times are
 *          64 bits wide. Words of the kernel's command line: `harts=N` (that
 *          many), `flash` (erase and write /dev/mtd0), `disk` (write and read
 *          /dev/vda).
 * Source   Linux, include/uapi/asm-generic/unistd.h, mtd/mtd-abi.h, linux/fs.h.
 * Missing  Signals, threads, sockets.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    SYS_ioctl = 29,
    SYS_mkdirat = 34,
    SYS_mount = 40,
    SYS_openat = 56,
    SYS_close = 57,
    SYS_pipe2 = 59,
    SYS_llseek = 62,
    SYS_read = 63,
    SYS_write = 64,
    SYS_fsync = 82,
    SYS_exit = 93,
    SYS_waitid = 95,
    SYS_reboot = 142,
    SYS_uname = 160,
    SYS_munmap = 215,
    SYS_clone = 220,
    SYS_mmap2 = 222,
    SYS_clock_gettime64 = 403,
    SYS_clock_nanosleep_time64 = 407,
    AT_FDCWD = -100,
    O_RDWR = 2,
    O_CREAT = 0100,
    SIGCHLD = 17,
    BLKFLSBUF = 0x1261,
    PAGE = 4096,
};
#define MEMGETINFO 0x80204d01
#define MEMERASE 0x40084d02

static char text[64 << 10]; /* of a file */

static long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
}
#define CALL3(number, a, b, c)                                                 \
    call(SYS_##number, (long)(a), (long)(b), (long)(c), 0, 0, 0)

/* The compiler calls these two. */
void *memset(void *to, int byte, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)byte;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)from)[i];
    }
    return to;
}

static size_t length(const char *s)
{
    size_t len = 0;
    while (s[len]) {
        len++;
    }
    return len;
}

static bool begins(const char *s, const char *with)
{
    while (*with && *s == *with) {
        s++;
        with++;
    }
    return !*with;
}

static unsigned count(const char *in, const char *what)
{
    unsigned n = 0;
    for (; *in; in++) {
        n += begins(in, what);
    }
    return n;
}

static void say(const char *s)
{
    CALL3(write, 1, s, length(s));
}

static void say_number(uint32_t n)
{
    char digits[11], *p = digits + sizeof(digits) - 1;
    *p = '\0';
    do {
        *--p = (char)('0' + n % 10);
    } while (n /= 10);
    say(p);
}

static void check(const char *name, uint32_t wanted, uint32_t got)
{
    say("self-test: ");
    say(name);
    if (wanted == got) {
        say(" ok\n");
        return;
    }
    say(" FAILED: ");
    say_number(got);
    say(", not ");
    say_number(wanted);
    say("\n");
}

static int open_file(const char *name, int flags)
{
    return (int)call(SYS_openat, AT_FDCWD, (long)name, flags, 0644, 0, 0);
}

/* The whole file into `text`. */
static const char *read_file(const char *name)
{
    size_t used = 0;
    int fd = open_file(name, 0);
    long got = 1;
    while (fd >= 0 && got > 0 && used < sizeof(text) - 1) {
        got = CALL3(read, fd, text + used, sizeof(text) - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    CALL3(close, fd, 0, 0);
    text[used] = '\0';
    return text;
}

static void rewind_to(int fd, uint32_t at)
{
    int64_t where;
    call(SYS_llseek, fd, 0, (long)at, (long)&where, 0, 0);
}

static uint8_t *map_pages(size_t bytes)
{
    /* read and write; private, anonymous */
    return (uint8_t *)call(SYS_mmap2, 0, (long)bytes, 3, 0x22, -1, 0);
}

static uint32_t uptime_ms(void)
{
    struct {
        uint32_t low, high;
        uint32_t ns, pad;
    } now;
    CALL3(clock_gettime64, 1, &now, 0);
    return now.low * 1000 + now.ns / 1000000;
}

/* -- what is tested -------------------------------------------------------- */

static void test_system(void)
{
    char names[6][65];
    CALL3(uname, names, 0, 0);
    check("riscv32", 1, begins(names[4], "riscv32"));
    const char *cpus = read_file("/proc/cpuinfo");
    check("sv32", 1, count(cpus, "sv32") > 0);
}

/* More pages than one page table has entries. */
static void test_memory(void)
{
    const uint32_t pages = 2100;
    uint8_t *at = map_pages(pages * PAGE);
    uint32_t sum = 0;
    for (uint32_t i = 0; i < pages; i++) {
        *(uint32_t *)(at + i * PAGE) = i + 1;
    }
    for (uint32_t i = 0; i < pages; i++) {
        sum += *(uint32_t *)(at + i * PAGE);
    }
    check("pages", pages * (pages + 1) / 2, sum);
    CALL3(munmap, at, pages * PAGE, 0);
}

/* Children add up in their copies of a page, in floating point; a pipe brings
 * the sums back. */
static void test_processes(void)
{
    enum { CHILDREN = 8 };
    int pipe[2], status[32];
    uint32_t sum = 0, ended = 0;
    volatile uint32_t *page = (volatile uint32_t *)map_pages(PAGE);
    volatile double half = 0.5;
    *page = 1000;
    CALL3(pipe2, pipe, 0, 0);
    for (uint32_t i = 1; i <= CHILDREN; i++) {
        if (call(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0) == 0) {
            for (uint32_t k = 0; k < 100; k++) {
                half += (double)i;
            }
            *page += (uint32_t)half;
            CALL3(write, pipe[1], page, sizeof(*page));
            CALL3(exit, i, 0, 0);
        }
    }
    for (uint32_t i = 0; i < CHILDREN; i++) {
        uint32_t value = 0;
        CALL3(read, pipe[0], &value, sizeof(value));
        sum += value;
        /* any child; 4: one that has ended */
        ended += call(SYS_waitid, 0, 0, (long)status, 4, 0, 0) == 0;
    }
    check("fork", CHILDREN, ended);
    check("sum", CHILDREN * 1000 + 100 * CHILDREN * (CHILDREN + 1) / 2, sum);
    check("own page", 1000, *page);
}

static void test_file(void)
{
    static const char line[] = "a line in a file\n";
    CALL3(mkdirat, AT_FDCWD, "/tmp", 0755);
    int fd = open_file("/tmp/file", O_RDWR | O_CREAT);
    for (unsigned i = 0; i < 1000; i++) {
        CALL3(write, fd, line, sizeof(line) - 1);
    }
    CALL3(close, fd, 0, 0);
    check("file", 1000, count(read_file("/tmp/file"), line));
}

static void test_sleep(void)
{
    const uint32_t tenth[4] = {0, 0, 100000000, 0};
    uint32_t begin = uptime_ms();
    call(SYS_clock_nanosleep_time64, 1, 0, (long)tenth, 0, 0, 0);
    uint32_t took = uptime_ms() - begin;
    check("sleep", 1, took >= 100 && took < 200);
}

/* The last page of a block. QEMU's board has its two banks in one device. */
static void test_flash(void)
{
    struct {
        uint8_t type, pad[3];
        uint32_t flags, size, erase, rest[8];
    } info = {0};
    int fd = open_file("/dev/mtd0", O_RDWR);
    CALL3(ioctl, fd, MEMGETINFO, &info);
    check("flash size", 0, info.size ? info.size % (32 << 20) : 1);
    check("flash block", 256 << 10, info.erase);
    uint32_t where[2] = {info.erase, info.erase};
    check("flash erase", 0, (uint32_t)CALL3(ioctl, fd, MEMERASE, where));
    uint32_t *out = (uint32_t *)map_pages(PAGE), in[PAGE / 4], wrong = 0;
    for (uint32_t i = 0; i < PAGE / 4; i++) {
        out[i] = i * 0x01010101;
    }
    rewind_to(fd, 2 * info.erase - PAGE);
    check("flash write", PAGE, (uint32_t)CALL3(write, fd, out, PAGE));
    rewind_to(fd, 2 * info.erase - PAGE);
    CALL3(read, fd, in, PAGE);
    for (uint32_t i = 0; i < PAGE / 4; i++) {
        wrong += in[i] != out[i];
    }
    check("flash read", 0, wrong);
    CALL3(close, fd, 0, 0);
}

static void test_disk(void)
{
    const uint32_t words = (1 << 20) / 4;
    uint32_t *page = (uint32_t *)map_pages(1 << 20), wrong = 0;
    int fd = open_file("/dev/vda", O_RDWR);
    for (uint32_t i = 0; i < words; i++) {
        page[i] = i;
    }
    check("disk write", 1 << 20, (uint32_t)CALL3(write, fd, page, 1 << 20));
    CALL3(fsync, fd, 0, 0);
    CALL3(ioctl, fd, BLKFLSBUF, 0); /* read it again, from the disk */
    memset(page, 0, 1 << 20);
    rewind_to(fd, 0);
    CALL3(read, fd, page, 1 << 20);
    for (uint32_t i = 0; i < words; i++) {
        wrong += page[i] != i;
    }
    check("disk read", 0, wrong);
    CALL3(close, fd, 0, 0);
}

__attribute__((noreturn)) void _start(void)
{
    static const char *const mounts[] = {"proc", "/proc", "devtmpfs", "/dev"};
    for (unsigned i = 0; i < 4; i += 2) {
        call(SYS_mount, (long)mounts[i], (long)mounts[i + 1], (long)mounts[i],
             0, 0, 0);
    }
    say("init: up\n");
    test_system();
    test_memory();
    test_processes();
    test_file();
    test_sleep();
    unsigned harts = count(read_file("/proc/cpuinfo"), "processor");
    const char *asked = read_file("/proc/cmdline");
    for (const char *p = asked; *p; p++) {
        if (begins(p, "harts=")) {
            check("harts", (uint32_t)(p[6] - '0'), harts);
        }
    }
    bool flash = count(asked, "flash") > 0, disk = count(asked, "disk") > 0;
    if (flash) {
        test_flash();
    }
    if (disk) {
        test_disk();
    }
    say("self-test: done\n");
    const uint32_t second[4] = {1, 0, 0, 0}; /* the serial port needs some */
    call(SYS_clock_nanosleep_time64, 1, 0, (long)second, 0, 0, 0);
    CALL3(reboot, 0xfee1dead, 672274793, 0x4321fedc); /* power off */
    for (;;) {
    }
}
