/*
 * app.c - the demonstration program: what small firmware does all day.
 *
 * Reads a log of sensor samples (text), keeps them in records from malloc,
 * sorts them, computes statistics in software floating point, counts words,
 * unpacks binary frames, and prints a report. Where the board has our DMA
 * engine, it copies the frames while the hart checks them.
 *
 * Phases: 1 parse, 2 sort, 3 statistics, 4 words, 5 frames, 6 report.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own.h"
#include "plat.h"

enum { SAMPLES = 120, CHANNELS = 4, BUCKETS = 32 };

typedef struct Sample {
    char name[12];
    unsigned time;
    double value;
} Sample;

typedef struct Word {
    struct Word *next;
    unsigned count;
    char text[];
} Word;

static const char *const channel_name[CHANNELS] = {"core", "vdd", "motor",
                                                   "ambient"};
static atomic_uint parsed; /* counted with an atomic add */

/* -- 1: the log, made and parsed again --------------------------------------
 */
static char *log_make(void)
{
    char *log = malloc(SAMPLES * 32), *p = log;
    unsigned noise = 7;

    for (unsigned i = 0; log && i < SAMPLES; i++) {
        noise = noise * 1664525 + 1013904223;
        p += sprintf(p, "%u %s %u.%02u\n", i * 37 % 1000,
                     channel_name[noise >> 30], (noise >> 20 & 63) + 10,
                     (noise >> 8) % 100);
    }
    return log;
}

static bool sample_parse(const char *line, Sample *s)
{
    const char *name;
    char *end;

    s->time = (unsigned)strtoul(line, &end, 10);
    if (end == line || *end != ' ') {
        return false;
    }
    name = end + 1;
    end = strchr(name, ' ');
    if (!end || (size_t)(end - name) >= sizeof s->name) {
        return false;
    }
    memcpy(s->name, name, (size_t)(end - name));
    s->name[end - name] = '\0';
    s->value = strtod(end, NULL);
    return true;
}

static unsigned log_parse(char *log, Sample *samples)
{
    unsigned n = 0;

    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n")) {
        if (sample_parse(line, &samples[n])) {
            n++;
            atomic_fetch_add(&parsed, 1);
        }
    }
    return n;
}

/* -- 2 and 3 ------------------------------------------------------------------
 */
static int sample_compare(const void *a, const void *b)
{
    const Sample *x = a, *y = b;
    const int by_name = strcmp(x->name, y->name);

    if (by_name) {
        return by_name;
    }
    return x->value < y->value ? -1 : x->value > y->value;
}

/* Newton's iteration; enough for a report, and no libm. */
static double square_root(double v)
{
    double guess = v > 1 ? v / 2 : 1;

    for (int i = 0; i < 20; i++) {
        guess = (guess + v / guess) / 2;
    }
    return guess;
}

static void channel_report(const Sample *samples, unsigned n, const char *name)
{
    double sum = 0, squares = 0, mean;
    unsigned first = n, count = 0;

    for (unsigned i = 0; i < n; i++) {
        if (!strcmp(samples[i].name, name)) {
            first = count ? first : i;
            count++;
            sum += samples[i].value;
            squares += samples[i].value * samples[i].value;
        }
    }
    if (!count) {
        printf("%-8s no samples\n", name);
        return;
    }
    mean = sum / count;
    printf("%-8s %3u samples  mean %6.2f  deviation %5.2f  median %5.2f\n",
           name, count, mean, square_root(squares / count - mean * mean),
           samples[first + count / 2].value);
}

/* -- 4: words in a hash table
 * ---------------------------------------------------- */
static unsigned word_hash(const char *text)
{
    unsigned hash = 5381;

    while (*text) {
        hash = hash * 33 ^ (unsigned char)*text++;
    }
    return hash % BUCKETS;
}

static bool word_count(Word **table, const char *text)
{
    Word **bucket = &table[word_hash(text)], *word;

    for (word = *bucket; word; word = word->next) {
        if (!strcmp(word->text, text)) {
            word->count++;
            return true;
        }
    }
    word = malloc(sizeof *word + strlen(text) + 1);
    if (!word) {
        return false;
    }
    strcpy(word->text, text);
    word->count = 1;
    word->next = *bucket;
    *bucket = word;
    return true;
}

static bool words_report(void)
{
    char text[] = "a bus is a road and a store is a car and a load is a car "
                  "that comes back and a wait is a red light on the road";
    Word *table[BUCKETS] = {NULL};
    unsigned distinct = 0, most = 0;

    for (char *word = strtok(text, " "); word; word = strtok(NULL, " ")) {
        if (!word_count(table, word)) {
            return false;
        }
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (Word *word = table[i], *next; word; word = next) {
            next = word->next;
            distinct++;
            most = word->count > most ? word->count : most;
            free(word);
        }
    }
    printf("words    %u distinct, the most frequent %u times\n", distinct,
           most);
    return true;
}

/* -- 5: frames of seven bytes: channel, 32-bit value, 16-bit check
 * ------------------ */
enum { FRAMES = 96, FRAME = 7 };

static uint8_t stored[FRAMES * FRAME], frames[FRAMES * FRAME];

static unsigned frame_check(const uint8_t *frame)
{
    unsigned check = 0xffff;

    for (unsigned i = 0; i < 5; i++) {
        check = (check << 3 | check >> 13) & 0xffff;
        check ^= frame[i];
    }
    return check;
}

static void frames_make(void)
{
    uint32_t noise = 3;

    for (uint8_t *f = stored; f < stored + sizeof stored; f += FRAME) {
        unsigned check;

        noise = noise * 1664525 + 1013904223;
        f[0] = noise >> 30;
        memcpy(f + 1, &noise, 4);
        check = frame_check(f);
        f[5] = (uint8_t)check;
        f[6] = (uint8_t)(check >> 8);
    }
}

static unsigned frames_right(const uint8_t *from)
{
    unsigned right = 0;

    for (const uint8_t *f = from; f < from + sizeof stored; f += FRAME) {
        right += frame_check(f) == (f[5] | (unsigned)f[6] << 8);
    }
    return right;
}

static bool frames_report(void)
{
    uint32_t sum = 0;
    unsigned right;

    frames_make();
    if (device_present(DMA)) {
        dma_start(0, stored, frames, sizeof stored, 4, 0);
        right = frames_right(stored); /* meanwhile */
        while (*reg32(DMA + DMA_STATUS) & DMA_BUSY) {
        }
        printf("own: frames copied by the DMA engine\n");
    } else {
        memcpy(frames, stored, sizeof stored);
        right = frames_right(stored);
    }
    for (unsigned i = 0; i < FRAMES; i++) {
        /* the value lies at any alignment: one load, which the hart splits */
        sum += (uint32_t)load_4((uintptr_t)&frames[i * FRAME + 1]);
    }
    printf("frames   %u of %u right, copy %s, sum %08lx\n", right, FRAMES,
           frames_right(frames) == FRAMES ? "right" : "WRONG",
           (unsigned long)sum);
    return right == FRAMES && frames_right(frames) == FRAMES;
}

int main(void)
{
    Sample *samples;
    unsigned n;
    char *log;
    bool good;

    trap_enable();
    printf("app: %d-bit RISC-V\n", __riscv_xlen);
    phase(1);
    samples = malloc(SAMPLES * sizeof *samples);
    log = log_make();
    if (!samples || !log) {
        puts("app: out of memory");
        return 1;
    }
    n = log_parse(log, samples);
    phase(0);
    phase(2);
    qsort(samples, n, sizeof *samples, sample_compare);
    phase(0);
    phase(3);
    for (unsigned i = 0; i < CHANNELS; i++) {
        channel_report(samples, n, channel_name[i]);
    }
    phase(0);
    phase(4);
    if (!words_report()) {
        puts("app: out of memory");
        return 1;
    }
    phase(0);
    phase(5);
    good = frames_report();
    phase(0);
    phase(6);
    printf("total    %u samples, first %s %.2f, last %s %.2f, %s\n",
           atomic_load(&parsed), samples[0].name, samples[0].value,
           samples[n - 1].name, samples[n - 1].value,
           n == SAMPLES ? "all parsed" : "some LOST");
    free(log);
    free(samples);
    puts("app: done");
    phase(0);
    return n != SAMPLES || !good;
}
