/*
 * replay.c - the input of an earlier run, once more.
 *
 * Model    Bytes and frames that a database has in its table `input` wait from
 *          the start, each for its time. Networks and stdin of the host are
 *          closed. Console scripts answer the guest as they did, by themselves.
 * Missing  Input that the earlier run's debugger made.
 */
#include "sim/replay.h"

#include <string.h>

#include "traces/inputs.h"

typedef struct Replay {
    Machine *machine;
    SerialSet *serial;
} Replay;

static bool take(void *opaque, uint64_t time_ps, const char *device,
                 const void *bytes, size_t len, Error **errp)
{
    const Replay *r = opaque;
    Machine *m = r->machine;
    MachineDevice *md = machine_find_device(m, device);
    if (!md || !(md->dev->cls->serial_in || md->dev->cls->net_in)) {
        return error_set(errp,
                         "--replay: no device %.60s in this machine takes "
                         "input; use the description of that run",
                         device);
    }
    if (serial_scripted(r->serial, device)) {
        return true;
    }
    return md->dev->cls->serial_in
               ? machine_serial_input(m, device, time_ps, bytes, len, errp)
               : machine_net_input(m, device, time_ps, bytes, len, errp);
}

bool replay_load(Machine *m, SerialSet *serial, const char *path, Error **errp)
{
    Replay r = {m, serial};
    serial_replays(serial);
    machine_net_replays(m);
    return trace_inputs(path, take, &r, errp);
}
