/*
 * bench.cc - tlm_bench: what the bridge costs, beside bare SystemC in the same
 * run.
 *
 *     tlm_bench [CONFIG FIRMWARE]
 *
 * Raw is the same initiator on a bare simple_target_socket: one that copies the
 * bytes (for memory), one that calls a function (for a device). Each pair runs
 * in turns; the best of the rounds counts. With a configuration and a firmware,
 * also whole runs with and without the kernel. Times are of the process.
 */
#include <algorithm>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <sys/mman.h>
#include <sys/wait.h>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <tlm_utils/tlm_quantumkeeper.h>
#include <unistd.h>

#include "sim/tlm/machine.h"
#include "sim/tlm/target_port.h"

namespace
{

using sc_core::sc_time;

const unsigned ACCESSES = 200000, ROUNDS = 50, RUNS = 7;
const uint64_t RAM = 0x80000000, IO = 0x10000000;
const char *const board =
    "version: 1\nname: bench\nclock: 100MHz\n"
    "buses:\n  main: {width: 32}\n  free: {width: 32, timing: none}\n"
    "memories:\n"
    "  - {name: ram, bus: [main, free], at: 0x80000000, size: 1MiB}\n";

double seconds()
{
    timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) +
           1e-9 * static_cast<double>(t.tv_nsec);
}

// A device of one register: what both sides call.
uint64_t device_read(void *opaque, hwaddr, unsigned)
{
    return *static_cast<uint32_t *>(opaque);
}

void device_write(void *opaque, hwaddr, uint64_t value, unsigned)
{
    *static_cast<uint32_t *>(opaque) += static_cast<uint32_t>(value);
}

// Bare SystemC: memory, or a call.
class Raw : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<Raw> socket;

    Raw(sc_core::sc_module_name name, bool io)
        : sc_core::sc_module(name), socket("socket"), io_(io), memory_(1 << 20)
    {
        socket.register_b_transport(this, &Raw::b_transport);
        socket.register_get_direct_mem_ptr(this, &Raw::get_direct_mem_ptr);
        ops_.read = device_read;
        ops_.write = device_write;
    }

  private:
    void b_transport(tlm::tlm_generic_payload &p, sc_time &delay)
    {
        const uint64_t at = p.get_address() & 0xfffff;
        const unsigned len = p.get_data_length();
        if (at + len > memory_.size() || p.get_byte_enable_ptr() ||
            p.get_streaming_width() < len) {
            p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        unsigned char *data = p.get_data_ptr();
        if (io_) {
            uint64_t value = 0;
            if (p.is_write()) {
                std::memcpy(&value, data, len);
                ops_.write(&word_, at, value, len);
            } else {
                value = ops_.read(&word_, at, len);
                std::memcpy(data, &value, len);
            }
        } else if (p.is_write()) {
            std::memcpy(&memory_[at], data, len);
        } else {
            std::memcpy(data, &memory_[at], len);
        }
        delay += cycle_;
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    bool get_direct_mem_ptr(tlm::tlm_generic_payload &, tlm::tlm_dmi &d)
    {
        d.set_start_address(RAM);
        d.set_end_address(RAM + memory_.size() - 1);
        d.set_dmi_ptr(memory_.data());
        d.allow_read_write();
        d.set_read_latency(cycle_);
        d.set_write_latency(cycle_);
        return true;
    }
    bool io_;
    std::vector<unsigned char> memory_;
    MemoryRegionOps ops_ = {};
    uint32_t word_ = 0;
    sc_time cycle_ = sc_time(10, sc_core::SC_NS);
};

// A loosely-timed initiator: reads and writes words in turn.
class Initiator : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<Initiator> socket;
    double best = 1e9; // seconds of a round

    Initiator(sc_core::sc_module_name name, uint64_t base, bool dmi)
        : sc_core::sc_module(name), socket("socket"), base_(base), dmi_(dmi)
    {
    }
    void round()
    {
        keeper_.reset();
        tlm::tlm_dmi d;
        tlm::tlm_generic_payload p;
        p.set_address(base_);
        p.set_command(tlm::TLM_WRITE_COMMAND);
        if (dmi_ && !socket->get_direct_mem_ptr(p, d)) {
            std::fprintf(stderr, "tlm_bench: no direct pointer\n");
            return;
        }
        double begin = seconds();
        for (unsigned i = 0; i < ACCESSES; i++) {
            const uint64_t at = base_ + (base_ == IO ? 0 : i * 4 & 0xffffc);
            dmi_ ? direct(d, at, i & 1) : access(p, at, i & 1);
            if (keeper_.need_sync()) {
                keeper_.sync();
            }
        }
        best = std::min(best, seconds() - begin);
    }

  private:
    void access(tlm::tlm_generic_payload &p, uint64_t at, bool is_write)
    {
        p.set_command(is_write ? tlm::TLM_WRITE_COMMAND
                               : tlm::TLM_READ_COMMAND);
        p.set_address(at);
        p.set_data_ptr(reinterpret_cast<unsigned char *>(&data_));
        p.set_data_length(4);
        p.set_streaming_width(4);
        p.set_byte_enable_ptr(nullptr);
        p.set_dmi_allowed(false);
        p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
        sc_time delay = keeper_.get_local_time();
        socket->b_transport(p, delay);
        if (p.is_response_error()) {
            SC_REPORT_ERROR("tlm_bench", "refused");
        }
        keeper_.set(delay);
    }
    void direct(const tlm::tlm_dmi &d, uint64_t at, bool is_write)
    {
        if (at >= d.get_start_address() && at + 3 <= d.get_end_address()) {
            unsigned char *host =
                d.get_dmi_ptr() + (at - d.get_start_address());
            if (is_write) {
                std::memcpy(host, &data_, 4);
            } else {
                std::memcpy(&data_, host, 4);
            }
        }
        keeper_.inc(is_write ? d.get_write_latency() : d.get_read_latency());
    }
    uint64_t base_;
    bool dmi_;
    uint32_t data_ = 1;
    tlm_utils::tlm_quantumkeeper keeper_;
};

// Runs everybody's rounds in turn.
class Referee : public sc_core::sc_module
{
  public:
    Referee(sc_core::sc_module_name name, std::vector<Initiator *> all)
        : sc_core::sc_module(name), all_(std::move(all))
    {
        SC_HAS_PROCESS(Referee);
        SC_THREAD(run);
    }

  private:
    void run()
    {
        for (unsigned n = 0; n < ROUNDS; n++) {
            for (Initiator *i : all_) {
                i->round();
            }
        }
    }
    std::vector<Initiator *> all_;
};

void line(const char *what, const Initiator &raw, const Initiator &ours)
{
    std::printf("%-22s %7.1f %7.1f  %.2f\n", what, raw.best / ACCESSES * 1e9,
                ours.best / ACCESSES * 1e9, raw.best / ours.best);
}

void sockets(::Machine *machine)
{
    socscope::Machine soc("soc", machine);
    soc.set_dmi(socscope::Dmi::timed);
    socscope::TargetPort<32> ram_port("ram_port", soc, "main");
    socscope::TargetPort<32> io_port("io_port", soc, "main");
    socscope::TargetPort<32> free_port("free_port", soc, "free");
    socscope::TargetPort<32> dmi_port("dmi_port", soc, "main");
    MemoryWorld *outer = memory_world_enter(machine_world(machine));
    static uint32_t word;
    static MemoryRegionOps ops;
    static MemoryRegion io;
    ops.read = device_read;
    ops.write = device_write;
    ops.valid.min_access_size = ops.impl.min_access_size = 1;
    ops.valid.max_access_size = ops.impl.max_access_size = 4;
    memory_region_init_io(&io, nullptr, &ops, &word, "io", 4096);
    memory_region_add_subregion(&machine_find_bus(machine, "main")->root, IO,
                                &io);
    memory_world_enter(outer);
    Raw memory("memory", false), call("call", true), window("window", false);
    Initiator raw_ram("raw_ram", RAM, false), our_ram("our_ram", RAM, false);
    Initiator raw_io("raw_io", IO, false), our_io("our_io", IO, false);
    Initiator raw_dmi("raw_dmi", RAM, true), our_dmi("our_dmi", RAM, true);
    Initiator our_free("our_free", RAM, false);
    raw_ram.socket.bind(memory.socket);
    raw_io.socket.bind(call.socket);
    raw_dmi.socket.bind(window.socket);
    our_ram.socket.bind(ram_port.socket);
    our_io.socket.bind(io_port.socket);
    our_free.socket.bind(free_port.socket);
    our_dmi.socket.bind(dmi_port.socket);
    Referee referee("referee", {&raw_ram, &our_ram, &our_free, &raw_io, &our_io,
                                &raw_dmi, &our_dmi});
    tlm::tlm_global_quantum::instance().set(sc_time(1, sc_core::SC_US));
    sc_core::sc_start();
    std::printf("%-22s %7s %7s  %s\n", "ns an access", "raw", "ours",
                "raw/ours");
    line("memory", raw_ram, our_ram);
    line("memory, untimed bus", raw_ram, our_free);
    line("device", raw_io, our_io);
    line("direct pointer", raw_dmi, our_dmi);
    memory_world_enter(machine_world(machine));
    memory_region_del_subregion(io.container, &io);
    memory_region_fini(&io);
    memory_world_enter(outer);
}

::Machine *load(const Config *cfg, const char *firmware)
{
    Error *err = nullptr;
    ::Machine *m = machine_new(cfg, &err);
    if (!m || (firmware && !machine_load_elf(m, firmware, &err))) {
        throw socscope::Failure(error_message(err));
    }
    return m;
}

// Seconds of a whole run.
double run_once(const char *config, const char *firmware, bool kernel)
{
    Error *err = nullptr;
    Config *cfg = config_load(config, nullptr, &err);
    if (!cfg) {
        throw socscope::Failure(error_message(err));
    }
    ::Machine *m = load(cfg, firmware);
    double begin = seconds(), took;
    if (kernel) {
        socscope::Machine soc("soc", m);
        begin = seconds();
        sc_core::sc_start();
        took = seconds() - begin;
    } else {
        machine_run(m, TIME_NEVER);
        took = seconds() - begin;
    }
    machine_free(m);
    config_free(cfg);
    return took;
}

// Runs with the kernel and without in turns, the best of each. The kernel
// elaborates once in a process, so each run has one of its own. False: one of
// them failed, and said why.
bool runs(const char *config, const char *firmware)
{
    void *shared = mmap(nullptr, sizeof(double), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        throw socscope::Failure("no memory to share with a process");
    }
    double *took = static_cast<double *>(shared);
    double best[2] = {1e9, 1e9}; // [kernel]
    for (unsigned n = 0; n < 2 * RUNS; n++) {
        const bool kernel = n % 2;
        const pid_t child = fork();
        if (child == 0) {
            *took = run_once(config, firmware, kernel);
            _exit(0);
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) != child || status) {
            return false;
        }
        best[kernel] = std::min(best[kernel], *took);
    }
    std::printf("%-22s %7.1f %7.1f  %.3f (kernel/plain)\n", "a run, ms",
                best[0] * 1e3, best[1] * 1e3, best[1] / best[0]);
    munmap(shared, sizeof(double));
    return true;
}

} // namespace

int sc_main(int argc, char **argv)
{
    try {
        if (argc == 3) {
            return runs(argv[1], argv[2]) ? 0 : 2;
        }
        Error *err = nullptr;
        Config *cfg = config_parse(board, std::strlen(board), "bench.yaml",
                                   nullptr, &err);
        ::Machine *m = load(cfg, nullptr);
        sockets(m);
        machine_free(m);
        config_free(cfg);
    } catch (const std::exception &e) {
        std::fprintf(stderr, "tlm_bench: error: %s\n", e.what());
        return 2;
    }
    return 0;
}
