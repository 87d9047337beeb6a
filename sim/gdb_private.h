/*
 * gdb_private.h - what the files gdb*.c share.
 */
#ifndef SIM_GDB_PRIVATE_H
#define SIM_GDB_PRIVATE_H

#include <inttypes.h>

#include "sim/gdb.h"
#include "sim/machine_debug.h"

enum {
    GDB_PACKET = 0x4000, /* bytes between $ and #, either way */
    GDB_QUEUE = 4 * GDB_PACKET,
    /* numbers of registers in our description; x0 is 0 */
    GDB_REG_PC = 32,
    GDB_REG_F0 = 33,
    GDB_REG_CSR0 = 65,
    GDB_REG_PRIV = GDB_REG_CSR0 + 4096,
    GDB_SIGINT = 2,
    GDB_SIGTRAP = 5,
};

/* Z and z packets, by their number. */
typedef enum GdbPointKind {
    GDB_SW_BREAK,
    GDB_HW_BREAK,
    GDB_WATCH_WRITE,
    GDB_WATCH_READ,
    GDB_WATCH_ACCESS,
    GDB_POINT_KINDS
} GdbPointKind;

typedef struct GdbPoint {
    GdbPointKind kind;
    unsigned hart; /* of a watch: in whose address space */
    uint64_t address, length;
} GdbPoint;

/* What was last written to a device where gdb watched. The device cannot be
 * asked; gdb stops when it reads something else than before, so writing the
 * same again makes it unreadable. */
enum { GDB_WRITTEN = 8, GDB_WRITTEN_BYTES = 64 };
typedef struct GdbWritten {
    uint64_t address, length; /* of the watch; length 0: none */
    uint8_t bytes[GDB_WRITTEN_BYTES];
    bool readable;
} GdbWritten;

/* Where a packet is in the bytes that come. */
typedef enum GdbFrame {
    GDB_BETWEEN,
    GDB_INSIDE,
    GDB_SUM_HIGH,
    GDB_SUM_LOW
} GdbFrame;

struct Gdb {
    Machine *machine;
    GdbSend *send;
    void *opaque;
    GdbState state;
    bool interrupt_next;         /* it shall be, as soon as it runs */
    bool interrupted;            /* and the machine was asked to stop */
    bool stuck;                  /* gdb was told so */
    bool quiet;                  /* no acknowledgements */
    bool no_ack_next;            /* from the next packet on */
    bool says_sw, says_hw;       /* gdb knows these stop reasons */
    unsigned thread_g, thread_c; /* harts that gdb has chosen; c: or all */
    bool thread_c_all;
    char *xml; /* the target's description; NULL: not asked for yet */
    GdbPoint *point;
    unsigned points, point_capacity;
    GdbWritten written[GDB_WRITTEN]; /* the oldest is used again */
    unsigned next_written;
    char stop_reply[256]; /* to ? */
    /* bytes that wait */
    uint8_t queue[GDB_QUEUE];
    size_t queued;
    /* the packet that comes */
    GdbFrame frame;
    char packet[GDB_PACKET + 1];
    size_t packet_len;
    bool too_long, escaped;
    uint8_t sum;
    char sum_high; /* digit */
    /* the packet that goes, framed; kept until the next one */
    char out[2 * GDB_PACKET + 8];
    size_t out_len;
};

/* -- replies (gdb.c) ------------------------------------------------------ */

void gdb_reply(Gdb *g, const char *text);
void gdb_replyf(Gdb *g, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* `head` and the bytes in hexadecimal; len at most half of GDB_PACKET. */
void gdb_reply_hex(Gdb *g, const char *head, const void *bytes, size_t len);
/* `head` and the bytes as they are. */
void gdb_reply_binary(Gdb *g, char head, const void *bytes, size_t len);
void gdb_fail(Gdb *g, int error); /* an errno */
/* A text for the user, in front of a reply. */
void gdb_say(Gdb *g, const char *text);

/* -- reading packets ------------------------------------------------------ */

/* Moves *p behind a hexadecimal number. False: there is none, or it has more
 * than 64 bits. */
bool gdb_take_hex(const char **p, uint64_t *value);
/* Moves *p behind c. */
bool gdb_take(const char **p, char c);
/* Pairs of hexadecimal digits to at most `room` bytes; returns how many there
 * are, SIZE_MAX: something else, or too many. */
size_t gdb_unhex(const char *p, void *bytes, size_t room);
/* Moves *p behind a thread: 0 any, -1 all (UINT64_MAX), or one that there is.
 */
bool gdb_take_thread(const Gdb *g, const char **p, uint64_t *thread);

/* -- the parts ------------------------------------------------------------ */

Hart *gdb_hart(const Gdb *g); /* that registers and memory are asked of */
/* gdb_regs.c: g, G, p, P, and the target's description. */
void gdb_read_all(Gdb *g);
void gdb_write_all(Gdb *g, const char *p);
void gdb_read_one(Gdb *g, const char *p);
void gdb_write_one(Gdb *g, const char *p);
const char *gdb_target_xml(Gdb *g); /* NULL: no memory */
/* Appends "20:78563412;" to buf, for a stop reply. */
void gdb_expedite(const Gdb *g, const Hart *hart, char *buf, size_t size);
/* gdb_query.c: q and Q. */
void gdb_query(Gdb *g, const char *p, size_t len);
/* gdb_run.c: c, s, C, S, vCont; Z, z; stops. */
void gdb_interrupt(Gdb *g); /* a machine that runs (gdb.c) */
void gdb_go_plain(Gdb *g, const char *p);
void gdb_go(Gdb *g, const char *p);
void gdb_set_point(Gdb *g, const char *p, bool insert);
/* Keeps what a stop at a watch says was written, if nobody else can tell. */
void gdb_note_written(Gdb *g, const MachineDebugStop *s);
/* Such bytes. False: not known. */
bool gdb_read_written(const Gdb *g, uint64_t address, uint8_t *bytes,
                      uint64_t len);
/* gdb_monitor.c: the command of qRcmd. */
void gdb_monitor(Gdb *g, char *command);

#endif
