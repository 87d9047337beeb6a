/*
 * two.cc - two machines on one TLM bus: each sees the other's memory through a
 * window in its own map, and a testbench reaches both.
 *
 *     two board.yaml
 */
#include <cstdio>
#include <systemc>
#include <tlm>
#include <tlm_utils/multi_passthrough_initiator_socket.h>
#include <tlm_utils/multi_passthrough_target_socket.h>
#include <tlm_utils/simple_initiator_socket.h>

#include "sim/tlm/machine.h"
#include "sim/tlm/region.h"
#include "sim/tlm/target_port.h"

// Address bit 28 says which machine.
class Router : public sc_core::sc_module
{
  public:
    tlm_utils::multi_passthrough_target_socket<Router> in;
    tlm_utils::multi_passthrough_initiator_socket<Router> out;

    explicit Router(sc_core::sc_module_name name)
        : sc_core::sc_module(name), in("in"), out("out")
    {
        in.register_b_transport(this, &Router::b_transport);
    }

  private:
    void b_transport(int, tlm::tlm_generic_payload &p, sc_core::sc_time &t)
    {
        const uint64_t address = p.get_address();
        const int side = address >> 28 & 1;
        p.set_address((address & 0x0fffffff) | 0x80000000);
        out[side]->b_transport(p, t);
        p.set_address(address);
    }
};

class Testbench : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<Testbench> socket;
    unsigned wrong = 0;

    explicit Testbench(sc_core::sc_module_name name)
        : sc_core::sc_module(name), socket("socket")
    {
        SC_HAS_PROCESS(Testbench);
        SC_THREAD(run);
    }

  private:
    uint32_t access(tlm::tlm_command command, uint64_t address, uint32_t value)
    {
        tlm::tlm_generic_payload p;
        sc_core::sc_time delay;
        p.set_command(command);
        p.set_address(address);
        p.set_data_ptr(reinterpret_cast<unsigned char *>(&value));
        p.set_data_length(4);
        p.set_streaming_width(4);
        socket->b_transport(p, delay);
        wrong += p.is_response_error();
        wait(delay);
        return value;
    }
    void run()
    {
        for (uint32_t i = 0; i < 64; i++) {
            const uint64_t offset = 4 * i;
            access(tlm::TLM_WRITE_COMMAND, offset, i + 1);
            access(tlm::TLM_WRITE_COMMAND, 0x10000000 + offset, i + 1001);
            wrong += access(tlm::TLM_READ_COMMAND, offset, 0) != i + 1;
            wrong +=
                access(tlm::TLM_READ_COMMAND, 0x10000000 + offset, 0) !=
                i + 1001;
        }
    }
};

// The other machine's memory, as the bus shows it.
static socscope::RegionSettings window(uint64_t base)
{
    socscope::RegionSettings s;
    s.bus = "main";
    s.address = 0x90000000;
    s.size = 0x1000;
    s.base = base;
    return s;
}

int sc_main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: two CONFIG\n");
        return 2;
    }
    try {
        socscope::Machine left("left", argv[1]), right("right", argv[1]);
        socscope::TargetPort<32> left_port("left_port", left, "main");
        socscope::TargetPort<32> right_port("right_port", right, "main");
        socscope::TlmRegion<32> to_right("to_right", left, window(0x10000000));
        socscope::TlmRegion<32> to_left("to_left", right, window(0));
        Router bus("bus");
        Testbench bench("bench");
        bench.socket.bind(bus.in);
        to_right.socket.bind(bus.in);
        to_left.socket.bind(bus.in);
        bus.out.bind(left_port.socket);
        bus.out.bind(right_port.socket);
        sc_core::sc_start();
        std::printf("two: %llu and %llu transactions, %u wrong\n",
                    static_cast<unsigned long long>(
                        machine_transactions(left.handle())),
                    static_cast<unsigned long long>(
                        machine_transactions(right.handle())),
                    bench.wrong);
        return bench.wrong ? 1 : 0;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "two: error: %s\n", e.what());
        return 2;
    }
}
