/*
 * handover.c - record buffers on their way from the simulation to the file.
 *
 * Model    The recorder fills one buffer while others are encoded by threads of
 *          the store. A buffer is handed over whole; when none is free, the
 *          simulation waits: records are never dropped. Encoding is done by any
 *          thread, counting and writing in the order of hand-over. Without
 *          threads the simulation does both itself.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "traces/store.h"

/* -- encoding ------------------------------------------------------------- */

static CodecSite site_class(const RowSite *s)
{
    uint8_t kind = s->steps              ? CODEC_RUN
                   : s->dir == DIR_WRITE ? CODEC_WRITE
                                         : CODEC_READ;
    return (CodecSite){kind, (uint8_t)(s->size > 8 ? 255 : s->size)};
}

/* What the codec has to know of the sites below `count`. */
static bool learn_sites(StoreEncoder *e, uint32_t count)
{
    if (count > e->capacity) {
        uint32_t capacity = 2 * count;
        CodecSite *site = realloc(e->site, capacity * sizeof(*site));
        if (!site) {
            return false;
        }
        e->site = site;
        e->capacity = capacity;
    }
    for (; e->sites < count; e->sites++) {
        const RowSite *s = row_site(&e->ts->sites, e->sites);
        e->site[e->sites] = s ? site_class(s) : (CodecSite){CODEC_READ, 255};
    }
    return true;
}

/* Records before the first that names a site nobody made. */
static size_t known_records(const StoreBuffer *b)
{
    size_t i = 0;
    while (i < b->records && (b->record[i].site < b->sites ||
                              b->record[i].site > RECORD_SITE_MAX)) {
        i++;
    }
    return i;
}

static size_t encode(StoreEncoder *e, const StoreBuffer *b, const void **blob)
{
    if (!learn_sites(e, b->sites)) {
        return 0;
    }
    return codec_encode(e->codec, b->record, b->records, e->site, b->sites,
                        blob);
}

/* Leaves out what is no row and encodes the rest, *chosen. */
static size_t prepare(StoreEncoder *e, StoreBuffer *b, StoreBuffer *chosen,
                      const void **blob)
{
    size_t known = known_records(b);
    b->damaged = known < b->records;
    b->records = known;
    b->left_out = 0;
    *chosen = *b;
    *blob = NULL;
    if (b->filtered && !filter_buffer(e->ts, b, chosen)) {
        *chosen = *b;
        return 0; /* no memory, says consume() */
    }
    return chosen->records ? encode(e, chosen, blob) : 0;
}

/* Writes what was prepared, and makes b empty: it is a chunk, or nothing. */
static void finish(TraceStore *ts, StoreBuffer *b, StoreBuffer *chosen,
                   const void *blob, size_t len)
{
    pthread_mutex_lock(&ts->lock);
    ts->left_out += chosen->left_out;
    consume(ts, chosen, blob, len);
    pthread_mutex_unlock(&ts->lock);
    if (chosen->record != b->record) {
        free(chosen->record);
    }
    memset(b->record, TAIL_FILL, b->handed * sizeof(*b->record));
}

static bool encoder_init(TraceStore *ts, StoreEncoder *e)
{
    e->ts = ts;
    e->codec = codec_new();
    return e->codec != NULL;
}

/* -- threads -------------------------------------------------------------- */

static void take_in(StoreEncoder *e, StoreBuffer *b)
{
    TraceStore *ts = e->ts;
    const void *blob;
    StoreBuffer chosen;
    size_t len = prepare(e, b, &chosen, &blob);
    pthread_mutex_lock(&ts->queue_lock);
    while (ts->taken_in != b->number) {
        pthread_cond_wait(&ts->queue_changed, &ts->queue_lock);
    }
    pthread_mutex_unlock(&ts->queue_lock);
    finish(ts, b, &chosen, blob, len);
    pthread_mutex_lock(&ts->queue_lock);
    ts->taken_in++;
    b->next = ts->free;
    ts->free = b;
    pthread_cond_broadcast(&ts->queue_changed);
    pthread_mutex_unlock(&ts->queue_lock);
}

static void *encoder_main(void *opaque)
{
    StoreEncoder *e = opaque;
    TraceStore *ts = e->ts;
    for (;;) {
        pthread_mutex_lock(&ts->queue_lock);
        while (!ts->queue && !ts->closing) {
            pthread_cond_wait(&ts->queue_changed, &ts->queue_lock);
        }
        StoreBuffer *b = ts->queue;
        if (b) {
            ts->queue = b->next;
        }
        pthread_mutex_unlock(&ts->queue_lock);
        if (!b) {
            return NULL;
        }
        take_in(e, b);
    }
}

/* -- hand-over ------------------------------------------------------------ */

static void enqueue(TraceStore *ts, StoreBuffer *b)
{
    b->next = NULL;
    StoreBuffer **end = &ts->queue;
    while (*end) {
        end = &(*end)->next;
    }
    *end = b;
}

static void give_buffer(TraceStore *ts, StoreBuffer *b)
{
    ts->filling = b;
    ts->tail.head->number[b - ts->buffer] = ts->handed_over + 1;
    ts->recorder.buffer = ts->recorder.next = b->record;
    ts->recorder.end = b->record + STORE_BUFFER;
}

/* Hands over what the recorder holds; it goes on with another buffer. */
static void hand_over(TraceStore *ts)
{
    StoreBuffer *b = ts->filling;
    b->records = b->handed = (size_t)(ts->recorder.next - ts->recorder.buffer);
    if (!b->records) {
        return;
    }
    b->sites = ts->sites.count;
    b->filtered = ts->filtered;
    if (ts->ring.keep) {
        b->records = known_records(b);
        ring_take(ts, b);
        memset(b->record, TAIL_FILL, b->handed * sizeof(*b->record));
        give_buffer(ts, b);
        return;
    }
    b->number = ts->handed_over++;
    if (!ts->running) {
        take_in(&ts->encoder[0], b);
    } else {
        pthread_mutex_lock(&ts->queue_lock);
        enqueue(ts, b);
        pthread_cond_broadcast(&ts->queue_changed);
        while (!ts->free) {
            pthread_cond_wait(&ts->queue_changed, &ts->queue_lock);
        }
        pthread_mutex_unlock(&ts->queue_lock);
    }
    pthread_mutex_lock(&ts->queue_lock);
    b = ts->free;
    ts->free = b->next;
    pthread_mutex_unlock(&ts->queue_lock);
    give_buffer(ts, b);
}

static void recorder_full(MemoryRecorder *rec)
{
    hand_over(rec->opaque);
}

void handover_drain(TraceStore *ts)
{
    if (!ts->filling) {
        return;
    }
    hand_over(ts);
    pthread_mutex_lock(&ts->queue_lock);
    while (ts->taken_in != ts->handed_over) {
        pthread_cond_wait(&ts->queue_changed, &ts->queue_lock);
    }
    pthread_mutex_unlock(&ts->queue_lock);
}

void handover_take(TraceStore *ts, StoreBuffer *b)
{
    StoreEncoder *e = &ts->encoder[0];
    if (!e->codec && !encoder_init(ts, e)) {
        store_fail(ts, SQLITE_NOMEM);
        return;
    }
    const void *blob;
    StoreBuffer chosen;
    b->handed = b->records;
    size_t len = prepare(e, b, &chosen, &blob);
    finish(ts, b, &chosen, blob, len);
}

/* -- begin and end -------------------------------------------------------- */

/* A host without threads to spare is slower, nothing else. Signals are for the
 * simulation. */
static void start_threads(TraceStore *ts)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (ts->running < ts->threads &&
           pthread_create(&ts->encoder[ts->running].thread, NULL, encoder_main,
                          &ts->encoder[ts->running]) == 0) {
        ts->running++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

bool handover_start(TraceStore *ts)
{
    unsigned encoders = ts->threads ? ts->threads : 1;
    bool ok = tail_create(&ts->tail, ts->path, encoders + 2);
    for (unsigned i = 0; i < encoders && ok; i++) {
        ok = encoder_init(ts, &ts->encoder[i]);
    }
    if (!ok) {
        return store_fail(ts, SQLITE_NOMEM);
    }
    trace_set_run_number(ts, "tail", ts->tail.fd >= 0);
    for (unsigned i = encoders + 2; i-- > 0;) {
        StoreBuffer *b = &ts->buffer[i];
        b->record = tail_buffer(&ts->tail, i);
        b->next = ts->free;
        ts->free = b;
    }
    ts->recorder.full = recorder_full;
    StoreBuffer *first = ts->free;
    ts->free = first->next;
    give_buffer(ts, first);
    start_threads(ts);
    return true;
}

void handover_stop(TraceStore *ts)
{
    handover_drain(ts);
    pthread_mutex_lock(&ts->queue_lock);
    ts->closing = true;
    pthread_cond_broadcast(&ts->queue_changed);
    pthread_mutex_unlock(&ts->queue_lock);
    for (; ts->running; ts->running--) {
        pthread_join(ts->encoder[ts->running - 1].thread, NULL);
    }
}

void handover_free(TraceStore *ts)
{
    for (unsigned i = 0; i < STORE_THREADS; i++) {
        codec_free(ts->encoder[i].codec);
        free(ts->encoder[i].site);
    }
    row_sites_free(&ts->sites, NULL);
    tail_close(&ts->tail, true);
}
