/*
 * serial.c - backends of serial devices: stdio, stdout, file, script, null.
 *
 * Model    Output leaves as the device sends it. Input of the host enters at an
 *          event every millisecond of simulated time, only with stdio; it is
 *          what makes such a run differ from the next, so the machine logs it.
 * Units    picoseconds.
 * Missing  tcp, pty.
 */
#include "sim/serial.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "sim/config_node.h"
#include "sim/script.h"

#define POLL_PS (PS_PER_SECOND / 1000)
enum { ESCAPE = 1 }; /* Ctrl-A */

const char serial_help[] =
    "  stdio      the terminal, both ways; Ctrl-A x ends the run\n"
    "  stdout     output only\n"
    "  file:F     output into a file\n"
    "  script:F   plays a script (docs/cli.md); output to stdout\n"
    "  null       nowhere\n";

typedef enum SerialKind {
    SERIAL_NULL,
    SERIAL_STDIO,
    SERIAL_STDOUT,
    SERIAL_FILE,
    SERIAL_SCRIPT,
    SERIAL_KINDS
} SerialKind;

static const struct {
    const char *name;
    bool takes_file;
} kinds[SERIAL_KINDS] = {
    [SERIAL_NULL] = {"null", false},     [SERIAL_STDIO] = {"stdio", false},
    [SERIAL_STDOUT] = {"stdout", false}, [SERIAL_FILE] = {"file", true},
    [SERIAL_SCRIPT] = {"script", true},
};

typedef struct SerialBackend {
    SerialKind kind;
    const char *device; /* the machine's name of it */
    FILE *file;         /* output; NULL: none */
    Script *script;
} SerialBackend;

struct SerialSet {
    Machine *machine;
    SerialBackend *backend;
    unsigned backends;
    const char *first; /* name of the first serial device; NULL: none */
    FILE *copy;
    bool dirty, escaped, quit;
    bool raw; /* the terminal is to be restored */
    struct termios cooked;
};

/* -- the terminal --------------------------------------------------------- */

/* Characters arrive as typed and unechoed; Ctrl-C still ends the run. */
static void terminal_enter(SerialSet *set)
{
    if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &set->cooked) < 0) {
        return;
    }
    struct termios raw = set->cooked;
    raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IXON);
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    set->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

/* Takes Ctrl-A out of what was typed; returns how many bytes remain. */
static size_t take_escapes(SerialSet *set, uint8_t *bytes, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        if (!set->escaped && bytes[i] == ESCAPE) {
            set->escaped = true;
        } else if (set->escaped && bytes[i] == 'x') {
            set->quit = true;
        } else {
            set->escaped = false;
            bytes[n++] = bytes[i]; /* Ctrl-A twice is one */
        }
    }
    return n;
}

static bool poll_stdin(void *opaque, bool idle, uint64_t time_ps)
{
    SerialSet *set = opaque;
    struct pollfd pfd = {.fd = STDIN_FILENO, .events = POLLIN};
    if (idle) {
        serial_flush(set);
    }
    /* While every hart sleeps nothing is lost by waiting for a real one. */
    int ready = poll(&pfd, 1, idle ? 1 : 0);
    if (ready < 0 && errno != EINTR) {
        return false;
    }
    if (ready <= 0) {
        return true;
    }
    uint8_t bytes[256];
    ssize_t len = read(STDIN_FILENO, bytes, sizeof(bytes));
    if (len <= 0) {
        return len < 0 && (errno == EINTR || errno == EAGAIN);
    }
    size_t n = (size_t)len;
    if (set->raw) {
        n = take_escapes(set, bytes, n);
    }
    for (unsigned i = 0; i < set->backends; i++) {
        if (set->backend[i].kind == SERIAL_STDIO) {
            machine_serial_input(set->machine, set->backend[i].device, time_ps,
                                 bytes, n, NULL);
        }
    }
    if (set->quit) {
        machine_pause(set->machine);
    }
    return !set->quit;
}

/* An event of the same times as poll_stdin's. */
static bool poll_nothing(void *opaque, bool idle, uint64_t time_ps)
{
    return true;
}

void serial_replays(SerialSet *set)
{
    for (unsigned i = 0; i < set->backends; i++) {
        if (set->backend[i].kind == SERIAL_STDIO) {
            machine_set_poll(set->machine, poll_nothing, set, POLL_PS);
        }
    }
}

bool serial_scripted(const SerialSet *set, const char *device)
{
    for (unsigned i = 0; i < set->backends; i++) {
        if (set->backend[i].script && !strcmp(set->backend[i].device, device)) {
            return true;
        }
    }
    return false;
}

/* -- bytes ---------------------------------------------------------------- */

static void serial_out(void *opaque, const char *device, uint8_t byte,
                       uint64_t time_ps)
{
    SerialSet *set = opaque;
    set->dirty = true;
    if (!device[0]) { /* the host's console is where the first device is */
        if (!set->first) {
            putc(byte, stdout);
            if (set->copy) {
                putc(byte, set->copy);
            }
            return;
        }
        device = set->first;
    }
    if (set->copy && set->first && !strcmp(device, set->first)) {
        putc(byte, set->copy);
    }
    for (unsigned i = 0; i < set->backends; i++) {
        SerialBackend *b = &set->backend[i];
        if (strcmp(b->device, device) != 0) {
            continue;
        }
        if (b->file) {
            putc(byte, b->file);
        }
        if (b->script) {
            script_byte(b->script, byte);
        }
    }
}

bool serial_flush(SerialSet *set)
{
    bool ok = true;
    if (set->dirty) {
        set->dirty = false;
        for (unsigned i = 0; i < set->backends; i++) {
            FILE *f = set->backend[i].file;
            ok = (!f || fflush(f) == 0) && ok;
        }
        ok = (set->first || fflush(stdout) == 0) && ok;
        ok = (!set->copy || fflush(set->copy) == 0) && ok;
    }
    return ok;
}

void serial_copy(SerialSet *set, FILE *f)
{
    set->copy = f;
}

/* -- specs ---------------------------------------------------------------- */

static bool unknown_backend(const char *word, Error **errp)
{
    ConfigHint hint;
    char names[SERIAL_KINDS][16];
    config_hint_init(&hint, word);
    for (unsigned i = 0; i < SERIAL_KINDS; i++) {
        snprintf(names[i], sizeof(names[i]), "%s%s", kinds[i].name,
                 kinds[i].takes_file ? ":FILE" : "");
        config_hint_offer(&hint, names[i]);
    }
    return error_set(errp, "--serial: no backend \"%.60s\"; %s", word,
                     config_hint_text(&hint, ""));
}

static bool open_backend(SerialSet *set, SerialBackend *b, const char *file,
                         Error **errp)
{
    switch (b->kind) {
    case SERIAL_FILE:
        b->file = fopen(file, "wb");
        return b->file || error_set(errp,
                                    "cannot write %s: %s; name a file in a "
                                    "folder that exists",
                                    file, strerror(errno));
    case SERIAL_SCRIPT:
        b->file = stdout;
        b->script = script_new(set->machine, b->device, file, errp);
        return b->script != NULL;
    case SERIAL_STDIO:
    case SERIAL_STDOUT: b->file = stdout; return true;
    case SERIAL_NULL:
    case SERIAL_KINDS: break;
    }
    return true;
}

/* The first serial device that is not spoken for; "" if all are. */
static const char *free_device(SerialSet *set)
{
    for (unsigned i = 0; i < machine_devices(set->machine); i++) {
        Device *dev = machine_device(set->machine, i)->dev;
        bool taken = !dev->cls->serial_in;
        for (unsigned k = 0; k < set->backends && !taken; k++) {
            taken = !strcmp(set->backend[k].device, dev->name);
        }
        if (!taken) {
            return dev->name;
        }
    }
    return "";
}

static bool check_device(SerialSet *set, const char *name, Error **errp)
{
    ConfigHint hint;
    config_hint_init(&hint, name);
    for (unsigned i = 0; i < machine_devices(set->machine); i++) {
        Device *dev = machine_device(set->machine, i)->dev;
        if (dev->cls->serial_in) {
            config_hint_offer(&hint, dev->name);
        }
    }
    if (!machine_find_serial(set->machine, name)) {
        return error_set(errp, "--serial: no serial device \"%.60s\"; %s", name,
                         config_hint_text(&hint, "this machine has none"));
    }
    for (unsigned i = 0; i < set->backends; i++) {
        if (!strcmp(set->backend[i].device, name)) {
            return error_set(errp,
                             "--serial: %.60s has a backend already; give "
                             "each device one",
                             name);
        }
    }
    return true;
}

static bool add_spec(SerialSet *set, const char *spec, Error **errp)
{
    SerialBackend *b = &set->backend[set->backends];
    char device[64] = "";
    size_t prefix = strcspn(spec, "=:");
    if (spec[prefix] == '=') {
        snprintf(device, sizeof(device), "%.*s",
                 (int)(prefix < 64 ? prefix : 63), spec);
        if (!check_device(set, device, errp)) {
            return false;
        }
        spec += prefix + 1;
    } else {
        snprintf(device, sizeof(device), "%s", free_device(set));
    }
    size_t word = strcspn(spec, ":");
    const char *file = spec[word] ? spec + word + 1 : NULL;
    unsigned kind = 0;
    while (kind < SERIAL_KINDS &&
           (strlen(kinds[kind].name) != word ||
            strncmp(kinds[kind].name, spec, word) != 0)) {
        kind++;
    }
    if (kind == SERIAL_KINDS || (file && !kinds[kind].takes_file)) {
        return unknown_backend(spec, errp);
    }
    if (kinds[kind].takes_file && (!file || !*file)) {
        return error_set(errp, "--serial %s: which file? write %s:FILE",
                         kinds[kind].name, kinds[kind].name);
    }
    MachineDevice *md = machine_find_serial(set->machine, device);
    if (!md || !device[0]) {
        return error_set(errp,
                         "--serial %s: no serial device is left for it; "
                         "give each device one backend",
                         spec);
    }
    b->kind = (SerialKind)kind;
    b->device = md->dev->name;
    set->backends++;
    return open_backend(set, b, file, errp);
}

SerialSet *serial_new(Machine *m, const char *const *specs, unsigned n,
                      Error **errp)
{
    SerialSet *set = calloc(1, sizeof(*set));
    SerialBackend *backend = calloc(n + 1, sizeof(*backend));
    if (!set || !backend) {
        free(set);
        free(backend);
        error_set(errp, "the host has no memory left");
        return NULL;
    }
    set->machine = m;
    set->backend = backend;
    MachineDevice *first = machine_find_serial(m, "");
    set->first = first ? first->dev->name : NULL;
    for (unsigned i = 0; i < n; i++) {
        if (!add_spec(set, specs[i], errp)) {
            serial_free(set);
            return NULL;
        }
    }
    if (!n && first) {
        add_spec(set, isatty(STDIN_FILENO) ? "stdio" : "stdout", NULL);
    }
    bool input = false;
    for (unsigned i = 0; i < set->backends; i++) {
        input = input || set->backend[i].kind == SERIAL_STDIO;
    }
    machine_set_serial(m, serial_out, set);
    if (input) {
        terminal_enter(set);
        machine_set_poll(m, poll_stdin, set, POLL_PS);
    }
    return set;
}

void serial_free(SerialSet *set)
{
    if (!set) {
        return;
    }
    serial_flush(set);
    if (set->raw) {
        tcsetattr(STDIN_FILENO, TCSADRAIN, &set->cooked);
    }
    machine_set_serial(set->machine, NULL, NULL);
    machine_set_poll(set->machine, NULL, NULL, 0);
    for (unsigned i = 0; i < set->backends; i++) {
        SerialBackend *b = &set->backend[i];
        script_free(b->script);
        if (b->kind == SERIAL_FILE && b->file) {
            fclose(b->file);
        }
    }
    free(set->backend);
    free(set);
}

bool serial_quit(const SerialSet *set)
{
    return set->quit;
}

bool serial_on_terminal(const SerialSet *set)
{
    for (unsigned i = 0; i < set->backends; i++) {
        if (set->backend[i].file == stdout && isatty(STDOUT_FILENO)) {
            return true;
        }
    }
    return false;
}

bool serial_check(const SerialSet *set, Error **errp)
{
    for (unsigned i = 0; i < set->backends; i++) {
        if (set->backend[i].script &&
            !script_check(set->backend[i].script, errp)) {
            return false;
        }
    }
    return true;
}
