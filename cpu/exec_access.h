/*
 * exec_access.h - the words of insn.def that access memory, for exec.inc: first
 * through an entry of the port, else by a call.
 */
#ifndef CPU_EXEC_ACCESS_H
#define CPU_EXEC_ACCESS_H

#define UNSIGNED_int8_t uint8_t
#define UNSIGNED_int16_t uint16_t
#define UNSIGNED_int32_t uint32_t
#define UNSIGNED_int64_t uint64_t
#define UNSIGNED_uint8_t uint8_t
#define UNSIGNED_uint16_t uint16_t
#define UNSIGNED_uint32_t uint32_t
#define UNSIGNED_uint64_t uint64_t
#define LOG2(type)                                                             \
    (sizeof(type) == 1 ? 0 : sizeof(type) == 2 ? 1 : sizeof(type) == 4 ? 2 : 3)
#define PAGE_TAG(va, type)                                                     \
    ((uint64_t)(va) & (~(uint64_t)(PAGE_SIZE_BYTES - 1) | (sizeof(type) - 1)))

#if CACHED
/* May an access through e go on there: has the cache its line? */
#define HAS_LINE(e, is_write, type)                                            \
    (timing_has_line(lines, va + (e)->pa_offset, is_write) ||                  \
     hart_touch(h, va + (e)->pa_offset, sizeof(type), is_write))
/* Has the cache the lines that block_ lies in? */
#define HAS_CODE(block_) (block_has_lines(block_) || hart_touch_code(h, block_))
/* A page that is open: what its cache does not have is no quick access. */
#define QUICK_LOAD(tag, type)                                                  \
    (PAGE_TAG(va, type) == (tag)                                               \
         ? (PortQuick){.cycles = -1}                                           \
         : hart_quick_load(h, PC, base + o->cycle, va, sizeof(type)))
#define QUICK_STORE(tag, type, value)                                          \
    (PAGE_TAG(va, type) == (tag)                                               \
         ? -1                                                                  \
         : hart_quick_store(h, PC, base + o->cycle, va, sizeof(type), value))
#else
#define HAS_LINE(e, is_write, type) true
#define HAS_CODE(block_) true
#define QUICK_LOAD(tag, type)                                                  \
    hart_quick_load(h, PC, base + o->cycle, va, sizeof(type))
#define QUICK_STORE(tag, type, value)                                          \
    hart_quick_store(h, PC, base + o->cycle, va, sizeof(type), value)
#endif

/* b takes longer than its constant cost. */
#define STALLED(cycles)                                                        \
    do {                                                                       \
        uint64_t stall_ = (cycles);                                            \
        base += stall_;                                                        \
        b->spent += stall_;                                                    \
    } while (0)
/* Behind an access through an entry, which is all there was to do. */
#define STALLED_INLINE(cycles)                                                 \
    do {                                                                       \
        if (__builtin_expect((cycles) != o->extra, 0)) {                       \
            waited = (cycles);                                                 \
            goto stalled;                                                      \
        }                                                                      \
    } while (0)
/* Of an access: its first cycle is in the instruction's class. */
#define STALL(cycles) ((uint32_t)((cycles) - ((cycles) > 0)))
/* An access across words is two, for a pipeline, and each waits as long. */
#define WAITED(cycles, va, type)                                               \
    (h->states && ((va) & (sizeof(type) - 1)) && ((va)&3) + sizeof(type) > 4   \
         ? (cycles) >> 1 | WAIT_TWICE                                          \
         : (cycles))
/* An entry is used all the same, when no cache must be asked. */
#define NEAR_ENTRY(is_write, type)                                             \
    (!CACHED && h->by_call                                                     \
         ? hart_near_entry(h, b, o, base, va, sizeof(type), is_write)          \
         : NULL)
/* Loads v_ of `type`; `result` uses it. */
#define LOAD_TO(type, result)                                                  \
    do {                                                                       \
        __label__ open;                                                        \
        uint64_t va = (ux)(RS1 + IMM);                                         \
        PortEntry *e = &entry[(va >> PAGE_BITS) % PORT_ENTRIES];               \
        if (__builtin_expect(PAGE_TAG(va, type) == e->read_tag, 1) &&          \
            __builtin_expect(HAS_LINE(e, false, type), 1)) {                   \
        open:;                                                                 \
            type v_;                                                           \
            memcpy(&v_, (const void *)(e->host + (uintptr_t)va), sizeof(v_));  \
            e->count[0][LOG2(type)]++;                                         \
            OBSERVE_DATA(e, 0, (UNSIGNED_##type)v_, sizeof(type));             \
            result;                                                            \
            STALLED_INLINE(e->extra[0][LOG2(type)]);                           \
        } else {                                                               \
            PortEntry *near_ = NEAR_ENTRY(false, type);                        \
            if (near_) {                                                       \
                e = near_;                                                     \
                goto open;                                                     \
            }                                                                  \
            CLOSE_RUN();                                                       \
            PortQuick quick_ = QUICK_LOAD(e->read_tag, type);                  \
            if (__builtin_expect(quick_.cycles < 0, 0)) {                      \
                slow =                                                         \
                    hart_slow_load(h, PC, base + o->cycle, va, sizeof(type));  \
                if (slow.fault) {                                              \
                    goto fault;                                                \
                }                                                              \
                quick_ = (PortQuick){slow.value, slow.extra + INT64_C(1)};     \
            }                                                                  \
            type v_ = (type)quick_.value;                                      \
            result;                                                            \
            waited = WAITED(STALL(quick_.cycles), va, type);                   \
            goto after_access;                                                 \
        }                                                                      \
    } while (0)
#define LOAD(type) LOAD_TO(type, RD((ux)(sx)v_))

#define STORE_FROM(type, source)                                               \
    do {                                                                       \
        __label__ open;                                                        \
        uint64_t va = (ux)(RS1 + IMM);                                         \
        PortEntry *e = &entry[(va >> PAGE_BITS) % PORT_ENTRIES];               \
        if (__builtin_expect(PAGE_TAG(va, type) == e->write_tag, 1) &&         \
            __builtin_expect(HAS_LINE(e, true, type), 1)) {                    \
        open:;                                                                 \
            type v_ = (type)(source);                                          \
            memcpy((void *)(e->host + (uintptr_t)va), &v_, sizeof(v_));        \
            e->count[1][LOG2(type)]++;                                         \
            OBSERVE_DATA(e, 1, v_, sizeof(type));                              \
            STALLED_INLINE(e->extra[1][LOG2(type)]);                           \
        } else {                                                               \
            PortEntry *near_ = NEAR_ENTRY(true, type);                         \
            if (near_) {                                                       \
                e = near_;                                                     \
                goto open;                                                     \
            }                                                                  \
            CLOSE_RUN();                                                       \
            int64_t cycles_ =                                                  \
                QUICK_STORE(e->write_tag, type, (UNSIGNED_##type)(source));    \
            if (__builtin_expect(cycles_ < 0, 0)) {                            \
                slow =                                                         \
                    hart_slow_store(h, PC, base + o->cycle, va, sizeof(type),  \
                                    (UNSIGNED_##type)(source));                \
                if (slow.fault) {                                              \
                    goto fault;                                                \
                }                                                              \
                cycles_ = slow.extra + INT64_C(1);                             \
            }                                                                  \
            waited = WAITED(STALL(cycles_), va, type);                         \
            goto after_access;                                                 \
        }                                                                      \
    } while (0)
#define STORE(type) STORE_FROM(type, RS2)

#define ATOMIC(call)                                                           \
    CLOSE_RUN();                                                               \
    slow = call;                                                               \
    if (slow.fault) {                                                          \
        goto fault;                                                            \
    }
#define AMO(width, op)                                                         \
    do {                                                                       \
        ATOMIC(hart_slow_amo(h, PC, base + o->cycle, RS1, width / 8,           \
                             amo##width##_##op, RS2))                          \
        RD((ux)(sx)(int##width##_t)slow.value);                                \
        goto after_slow;                                                       \
    } while (0)
#define LR(width)                                                              \
    do {                                                                       \
        ATOMIC(hart_slow_lr(h, PC, base + o->cycle, RS1, width / 8))           \
        RD((ux)(sx)(int##width##_t)slow.value);                                \
        goto after_slow;                                                       \
    } while (0)
#define SC(width)                                                              \
    do {                                                                       \
        ATOMIC(hart_slow_sc(h, PC, base + o->cycle, RS1, width / 8, RS2))      \
        RD(!slow.stored);                                                      \
        goto after_slow;                                                       \
    } while (0)

#define CBO_ZERO                                                               \
    do {                                                                       \
        if (!csr_may_zero(h)) {                                                \
            goto illegal;                                                      \
        }                                                                      \
        ATOMIC(hart_slow_zero(h, PC, base + o->cycle, RS1))                    \
        goto after_slow;                                                       \
    } while (0)

#endif
