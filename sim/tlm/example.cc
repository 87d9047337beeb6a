/*
 * example.cc - a platform of three parts: the machine with its firmware, a
 * traffic generator on the machine's bus, and an accelerator of the platform in
 * the machine's memory map.
 *
 *     tlm_example configs/mcu.yaml build/release/firmware/rv32/interrupts.elf
 *
 * The generator writes a block of memory, reads it back and pushes it through
 * the accelerator, while the firmware runs on the same bus. Serial output goes
 * to stdout; the exit status is the firmware's, 1 if a checksum is wrong, 2 for
 * a wrong command or file.
 */
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <tlm_utils/tlm_quantumkeeper.h>

#include "sim/tlm/machine.h"
#include "sim/tlm/region.h"
#include "sim/tlm/target_port.h"

namespace
{

using sc_core::sc_time;

const uint64_t ACCELERATOR = 0x40000000; // where nothing of the machine is
const uint64_t BLOCK = 0x80200000;       // memory the firmware leaves alone
const unsigned BLOCK_BYTES = 64 * 1024, BURST = 64;

uint32_t adler32(uint32_t sum, const uint8_t *bytes, size_t n)
{
    uint32_t a = sum & 0xffff, b = sum >> 16; // RFC 1950, section 8
    for (size_t i = 0; i < n; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

// A word written to offset 0 is added to the checksum; a read returns it. It
// knows nothing of socscope.
class Accelerator : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<Accelerator> socket;

    explicit Accelerator(sc_core::sc_module_name name)
        : sc_core::sc_module(name), socket("socket")
    {
        socket.register_b_transport(this, &Accelerator::b_transport);
    }

  private:
    void b_transport(tlm::tlm_generic_payload &p, sc_time &delay)
    {
        if (p.get_address() != 0 || p.get_data_length() != 4) {
            p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        if (p.is_write()) {
            sum_ = adler32(sum_, p.get_data_ptr(), 4);
        } else {
            std::memcpy(p.get_data_ptr(), &sum_, 4);
        }
        delay += sc_time(40, sc_core::SC_NS);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    uint32_t sum_ = 1;
};

class Generator : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<Generator> socket;
    unsigned wrong = 0;

    explicit Generator(sc_core::sc_module_name name)
        : sc_core::sc_module(name), socket("socket")
    {
        SC_HAS_PROCESS(Generator);
        SC_THREAD(run);
    }

  private:
    void access(tlm::tlm_command command, uint64_t address, void *bytes,
                unsigned len)
    {
        tlm::tlm_generic_payload p;
        p.set_command(command);
        p.set_address(address);
        p.set_data_ptr(static_cast<unsigned char *>(bytes));
        p.set_data_length(len);
        p.set_streaming_width(len);
        sc_time delay = keeper_.get_local_time();
        socket->b_transport(p, delay);
        wrong += p.is_response_error();
        keeper_.set(delay);
        if (keeper_.need_sync()) {
            keeper_.sync();
        }
    }

    void run()
    {
        uint8_t burst[BURST], back[BURST];
        uint32_t expected = 1, sum = 0;
        keeper_.reset();
        for (unsigned at = 0; at < BLOCK_BYTES; at += BURST) {
            for (unsigned i = 0; i < BURST; i++) {
                burst[i] = static_cast<uint8_t>((at + i) * 167 >> 3);
            }
            access(tlm::TLM_WRITE_COMMAND, BLOCK + at, burst, BURST);
            access(tlm::TLM_READ_COMMAND, BLOCK + at, back, BURST);
            wrong += std::memcmp(burst, back, BURST) != 0;
            for (unsigned i = 0; i < BURST; i += 4) {
                access(tlm::TLM_WRITE_COMMAND, ACCELERATOR, back + i, 4);
            }
            expected = adler32(expected, burst, BURST);
        }
        access(tlm::TLM_READ_COMMAND, ACCELERATOR, &sum, 4);
        wrong += sum != expected;
        keeper_.sync();
        std::fprintf(stderr,
                     "generator: %u bytes, checksum %08x, %s, done at %s\n",
                     BLOCK_BYTES, sum, wrong ? "WRONG" : "right",
                     sc_core::sc_time_stamp().to_string().c_str());
    }

    tlm_utils::tlm_quantumkeeper keeper_;
};

void print_byte(void *, const char *, uint8_t byte, uint64_t)
{
    std::putchar(byte);
}

int run(const char *config, const char *firmware)
{
    socscope::Machine soc("soc", config, firmware);
    machine_set_serial(soc.handle(), print_byte, nullptr);

    socscope::TargetPort<32> port("port", soc, "main");
    Generator generator("generator");
    generator.socket.bind(port.socket);

    socscope::RegionSettings place;
    place.bus = "main";
    place.address = ACCELERATOR;
    place.size = 0x1000;
    place.min_access = place.max_access = 4;
    socscope::TlmRegion<32> region("region", soc, place);
    Accelerator accelerator("accelerator");
    region.socket.bind(accelerator.socket);

    tlm::tlm_global_quantum::instance().set(sc_time(1, sc_core::SC_US));
    sc_core::sc_start();
    std::fprintf(
        stderr, "machine: %s, %llu transactions, time %s\n",
        machine_stop_name(soc.stop_reason()),
        static_cast<unsigned long long>(machine_transactions(soc.handle())),
        sc_time::from_value(machine_time(soc.handle())).to_string().c_str());
    return generator.wrong ? 1 : soc.exit_status();
}

} // namespace

int sc_main(int argc, char **argv)
{
    if (argc != 3) {
        std::fprintf(stderr, "usage: tlm_example CONFIG FIRMWARE\n");
        return 2;
    }
    try {
        return run(argv[1], argv[2]);
    } catch (const std::exception &e) {
        std::fprintf(stderr, "tlm_example: error: %s\n", e.what());
        return 2;
    }
}
