/*
 * script.c - plays a console script against a serial device.
 *
 * Model    One command after the other. What the device has put out since the
 *          last match waits in a buffer; `expect` takes it up to and including
 *          the first occurrence of its text. A match is acted on by an event at
 *          the time of its last byte: the run does not depend on the host.
 * Units    picoseconds.
 * Missing  regular expressions, branches.
 */
#include "sim/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sim/config_node.h"

enum {
    SCRIPT_MAX_BYTES = 1 << 20,  /* of the file */
    SCRIPT_MAX_OUTPUT = 1 << 20, /* kept; older output cannot match any more */
};
#define TIMEOUT_PRESET (10 * PS_PER_SECOND)

typedef enum StepKind {
    STEP_EXPECT,
    STEP_SEND,
    STEP_WAIT,
    STEP_TIMEOUT,
    STEP_QUIT,
    STEP_KINDS
} StepKind;

static const char *const step_name[STEP_KINDS] = {
    [STEP_EXPECT] = "expect",   [STEP_SEND] = "send", [STEP_WAIT] = "wait",
    [STEP_TIMEOUT] = "timeout", [STEP_QUIT] = "quit",
};

typedef struct Step {
    StepKind kind;
    unsigned line;
    char *text;     /* as written; owned */
    uint8_t *bytes; /* of expect and send, escapes resolved; owned */
    size_t len;
    uint64_t time; /* of wait and timeout */
} Step;

struct Script {
    Machine *machine;
    const char *device, *path;
    char *owned_path;
    Step *step;
    unsigned steps, at; /* at: the command that is waited for */
    bool matched;       /* the current expect */
    bool failed;
    uint64_t timeout;
    Event event;
    uint8_t *output; /* since the last match */
    size_t output_len, output_capacity;
};

/* -- reading -------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool script_text(const char *text, uint8_t *bytes, size_t *len, ConfigPlace at,
                 Error **errp)
{
    *len = 0;
    for (const char *p = text; *p; p++) {
        uint8_t byte = (uint8_t)*p;
        if (*p == '\\') {
            p++;
            switch (*p) {
            case 'n': byte = '\n'; break;
            case 'r': byte = '\r'; break;
            case 't': byte = '\t'; break;
            case '\\': byte = '\\'; break;
            case 'x':
                if (hex_digit(p[1]) >= 0 && hex_digit(p[2]) >= 0) {
                    byte = (uint8_t)(hex_digit(p[1]) << 4 | hex_digit(p[2]));
                    p += 2;
                    break;
                }
                return config_error(errp, at,
                                    "\\x takes two hexadecimal digits; write "
                                    "\\x1b");
            default:
                return config_error(errp, at,
                                    "no such escape \\%.1s; known: \\n \\r \\t "
                                    "\\xNN \\\\",
                                    p);
            }
        }
        bytes[(*len)++] = byte;
    }
    return true;
}

static bool read_step(Step *s, ConfigPlace at, Error **errp)
{
    if (s->kind == STEP_EXPECT || s->kind == STEP_SEND) {
        if (!s->text[0]) {
            return config_error(errp, at, "%s what? write %s TEXT",
                                step_name[s->kind], step_name[s->kind]);
        }
        return script_text(s->text, s->bytes, &s->len, at, errp);
    }
    if (s->kind == STEP_QUIT) {
        return !s->text[0] ||
               config_error(errp, at, "quit takes nothing; remove \"%s\"",
                            s->text);
    }
    Node node = {.kind = NODE_SCALAR, .at = at, .text = s->text};
    return config_value_number(&node, step_name[s->kind], UNIT_TIME, 0,
                               TIME_NEVER / 4, &s->time, errp);
}

static bool read_line(Script *script, char *line, unsigned number, Error **errp)
{
    ConfigPlace at = {script->path, number};
    size_t len = strlen(line);
    if (len && line[len - 1] == '\r') {
        line[len - 1] = '\0';
    }
    line += strspn(line, " \t");
    if (!*line || *line == '#') {
        return true;
    }
    size_t word = strcspn(line, " \t");
    char *text = line + word + (line[word] != '\0');
    line[word] = '\0';
    unsigned kind = 0;
    while (kind < STEP_KINDS && strcmp(line, step_name[kind]) != 0) {
        kind++;
    }
    if (kind == STEP_KINDS) {
        ConfigHint hint;
        config_hint_init(&hint, line);
        for (unsigned i = 0; i < STEP_KINDS; i++) {
            config_hint_offer(&hint, step_name[i]);
        }
        return config_error(errp, at, "unknown command \"%.40s\"; %s", line,
                            config_hint_text(&hint, ""));
    }
    Step *step = realloc(script->step, (script->steps + 1) * sizeof(*step));
    if (!step) {
        return config_error(errp, at, "the host has no memory left");
    }
    script->step = step;
    Step *s = &step[script->steps++];
    *s = (Step){.kind = (StepKind)kind,
                .line = number,
                .text = strdup(text),
                .bytes = malloc(strlen(text) + 1)};
    if (!s->text || !s->bytes) {
        return config_error(errp, at, "the host has no memory left");
    }
    return read_step(s, at, errp);
}

static bool read_script(Script *script, Error **errp)
{
    struct stat st;
    FILE *f = fopen(script->path, "rb");
    if (!f || fstat(fileno(f), &st) < 0) {
        error_set(errp, "cannot read %s: %s; name a script file", script->path,
                  strerror(errno));
        if (f) {
            fclose(f);
        }
        return false;
    }
    if (S_ISDIR(st.st_mode) || st.st_size > SCRIPT_MAX_BYTES) {
        fclose(f);
        return error_set(errp,
                         "%s is not a script; name a text file below "
                         "1 MiB",
                         script->path);
    }
    char *line = NULL;
    size_t room = 0;
    ssize_t len;
    bool ok = true;
    for (unsigned number = 1; ok && (len = getline(&line, &room, f)) >= 0;
         number++) {
        if (len && line[len - 1] == '\n') {
            line[len - 1] = '\0';
        }
        ok = read_line(script, line, number, errp);
    }
    free(line);
    fclose(f);
    return ok;
}

/* -- playing -------------------------------------------------------------- */

static void consume(Script *script, size_t len)
{
    script->output_len -= len;
    memmove(script->output, script->output + len, script->output_len);
}

/* Does what is there already satisfy the expectation? */
static bool find(Script *script, const Step *s)
{
    if (script->output_len < s->len) {
        return false;
    }
    const uint8_t *found =
        memmem(script->output, script->output_len, s->bytes, s->len);
    if (!found) {
        return false;
    }
    consume(script, (size_t)(found - script->output) + s->len);
    return true;
}

/* Plays commands until one has to wait. */
static void play(Script *script, uint64_t now)
{
    EventQueue *q = machine_events(script->machine);
    for (; script->at < script->steps; script->at++) {
        const Step *s = &script->step[script->at];
        switch (s->kind) {
        case STEP_SEND:
            machine_serial_input(script->machine, script->device, now, s->bytes,
                                 s->len, NULL);
            break;
        case STEP_TIMEOUT: script->timeout = s->time; break;
        case STEP_QUIT:
            script->at = script->steps;
            machine_finish(script->machine, 0);
            return;
        case STEP_WAIT:
            event_schedule(q, &script->event, now + s->time);
            return;
        case STEP_EXPECT:
            script->matched = false;
            if (!find(script, s)) {
                event_schedule(q, &script->event, now + script->timeout);
                return;
            }
            break;
        case STEP_KINDS: break;
        }
    }
}

static void script_event(void *opaque, uint64_t when)
{
    Script *script = opaque;
    if (script->at < script->steps) {
        const Step *s = &script->step[script->at];
        if (s->kind == STEP_EXPECT && !script->matched) {
            script->failed = true;
            machine_finish(script->machine, 1);
            return;
        }
        script->at++;
    }
    play(script, when);
}

static void script_begin(void *opaque, uint64_t when)
{
    Script *script = opaque;
    script->event.fn = script_event;
    play(script, when);
}

static bool output_room(Script *script)
{
    if (script->output_len < script->output_capacity) {
        return true;
    }
    if (script->output_len >= SCRIPT_MAX_OUTPUT) {
        consume(script, SCRIPT_MAX_OUTPUT / 2);
        return true;
    }
    size_t capacity =
        script->output_capacity ? script->output_capacity * 2 : 1024;
    uint8_t *output = realloc(script->output, capacity);
    if (!output) {
        return false;
    }
    script->output = output;
    script->output_capacity = capacity;
    return true;
}

void script_byte(Script *script, uint8_t byte)
{
    if (script->at >= script->steps || script->failed || !output_room(script)) {
        return;
    }
    script->output[script->output_len++] = byte;
    const Step *s = &script->step[script->at];
    if (s->kind != STEP_EXPECT || script->matched ||
        script->event.fn != script_event || script->output_len < s->len ||
        memcmp(script->output + script->output_len - s->len, s->bytes,
               s->len) != 0) {
        return;
    }
    script->matched = true;
    consume(script, script->output_len);
    EventQueue *q = machine_events(script->machine);
    event_schedule(q, &script->event, event_now(q));
}

/* -- life ----------------------------------------------------------------- */

Script *script_new(Machine *m, const char *device, const char *path,
                   Error **errp)
{
    Script *script = calloc(1, sizeof(*script));
    char *owned = strdup(path);
    if (!script || !owned) {
        free(script);
        free(owned);
        error_set(errp, "the host has no memory left");
        return NULL;
    }
    script->machine = m;
    script->device = device;
    script->path = script->owned_path = owned;
    script->timeout = TIMEOUT_PRESET;
    if (!read_script(script, errp)) {
        script_free(script);
        return NULL;
    }
    EventQueue *q = machine_events(m);
    event_init(q, &script->event, "script", EVENT_NORMAL, script_begin, script);
    event_schedule(q, &script->event, 0);
    return script;
}

void script_free(Script *script)
{
    if (!script) {
        return;
    }
    if (event_pending(&script->event)) {
        event_cancel(machine_events(script->machine), &script->event);
    }
    for (unsigned i = 0; i < script->steps; i++) {
        free(script->step[i].text);
        free(script->step[i].bytes);
    }
    free(script->step);
    free(script->output);
    free(script->owned_path);
    free(script);
}

/* The last line or so of what came instead, printable. */
static void last_output(const Script *script, char *buf, size_t size)
{
    size_t from =
        script->output_len > size - 1 ? script->output_len - size + 1 : 0;
    size_t n = 0;
    for (size_t i = from; i < script->output_len; i++) {
        uint8_t c = script->output[i];
        buf[n++] = c >= ' ' && c < 127 ? (char)c : c == '\n' ? '/' : '?';
    }
    buf[n] = '\0';
}

bool script_check(const Script *script, Error **errp)
{
    unsigned i = script->at;
    while (i < script->steps && (script->step[i].kind != STEP_EXPECT ||
                                 (i == script->at && script->matched))) {
        i++;
    }
    if (i == script->steps) {
        return true;
    }
    ConfigPlace at = {script->path, script->step[i].line};
    char seen[49];
    last_output(script, seen, sizeof(seen));
    if (script->failed) {
        return config_error(errp, at,
                            "\"%.80s\" did not come within %g s of simulated "
                            "time; the output ends with \"%s\"",
                            script->step[i].text,
                            (double)script->timeout / 1e12, seen);
    }
    return config_error(errp, at,
                        "the run ended before \"%.80s\" came; the output ends "
                        "with \"%s\"",
                        script->step[i].text, seen);
}
