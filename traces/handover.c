/*
 * handover.c - record buffers on their way from the simulation to the file.
 *
 * Model    The recorder fills one buffer while others are encoded by threads of
 *          the store. A buffer is handed over whole; when none is free, the
 *          simulation waits: records are never dropped. Encoding is done by any
 *          thread, counting and writing in the order of hand-over. Without
 *          threads the simulation does both itself.
 */
#include <stdlib.h>

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

/* -- threads -------------------------------------------------------------- */

static void take_in(StoreEncoder *e, StoreBuffer *b)
{
    TraceStore *ts = e->ts;
    const void *blob = NULL;
    size_t known = known_records(b);
    b->damaged = known < b->records;
    b->records = known;
    StoreBuffer chosen = *b;
    bool copied = b->filtered && filter_buffer(ts, b, &chosen);
    size_t len = 0;
    if (b->filtered && !copied) {
        chosen.records = 0;
        store_fail(ts, SQLITE_NOMEM);
    } else if (chosen.records) {
        len = encode(e, &chosen, &blob);
    }
    pthread_mutex_lock(&ts->queue_lock);
    while (ts->taken_in != b->number) {
        pthread_cond_wait(&ts->queue_changed, &ts->queue_lock);
    }
    pthread_mutex_unlock(&ts->queue_lock);
    pthread_mutex_lock(&ts->lock);
    ts->left_out += copied ? chosen.left_out : 0;
    consume(ts, &chosen, blob, len);
    pthread_mutex_unlock(&ts->lock);
    if (copied) {
        free(chosen.record);
    }
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
    ts->recorder.buffer = ts->recorder.next = b->record;
    ts->recorder.end = b->record + STORE_BUFFER;
}

/* Hands over what the recorder holds; it goes on with another buffer. */
static void hand_over(TraceStore *ts)
{
    StoreBuffer *b = ts->filling;
    b->records = (size_t)(ts->recorder.next - ts->recorder.buffer);
    if (!b->records) {
        return;
    }
    b->sites = ts->sites.count;
    b->filtered = ts->filtered;
    if (ts->ring.keep) {
        b->records = known_records(b);
        ring_take(ts, b);
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

/* -- begin and end -------------------------------------------------------- */

bool handover_start(TraceStore *ts)
{
    unsigned encoders = ts->threads ? ts->threads : 1;
    for (unsigned i = 0; i < encoders; i++) {
        ts->encoder[i].ts = ts;
        ts->encoder[i].codec = codec_new();
        if (!ts->encoder[i].codec) {
            return store_fail(ts, SQLITE_NOMEM);
        }
    }
    for (unsigned i = 0; i < encoders + 2; i++) {
        StoreBuffer *b = &ts->buffer[i];
        b->record = store_grow(ts, NULL, STORE_BUFFER, sizeof(*b->record));
        if (!b->record) {
            return false;
        }
        b->next = ts->free;
        ts->free = b;
    }
    ts->recorder.full = recorder_full;
    StoreBuffer *first = ts->free;
    ts->free = first->next;
    give_buffer(ts, first);
    /* A host without threads to spare is slower, nothing else. */
    while (ts->running < ts->threads &&
           pthread_create(&ts->encoder[ts->running].thread, NULL, encoder_main,
                          &ts->encoder[ts->running]) == 0) {
        ts->running++;
    }
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
    for (unsigned i = 0; i < STORE_THREADS + 2; i++) {
        free(ts->buffer[i].record);
    }
    row_sites_free(&ts->sites, free);
}
