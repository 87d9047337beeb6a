/*
 * testbench.cc - a testbench drives a machine without a cpu through a socket:
 * it writes memory, reads it back, and asks the timer what time it is.
 *
 *     testbench board.yaml
 */
#include <cstdio>
#include <cstring>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>

#include "sim/tlm/checker.h"
#include "sim/tlm/machine.h"
#include "sim/tlm/target_port.h"

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
    void access(tlm::tlm_command command, uint64_t address, uint32_t *value)
    {
        tlm::tlm_generic_payload p;
        sc_core::sc_time delay;
        p.set_command(command);
        p.set_address(address);
        p.set_data_ptr(reinterpret_cast<unsigned char *>(value));
        p.set_data_length(4);
        p.set_streaming_width(4);
        socket->b_transport(p, delay);
        wrong += p.is_response_error();
        wait(delay);
    }
    void run()
    {
        const uint64_t ram = 0x80000000, timer = 0x18000000;
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t value = i * 2654435761U, back = 0;
            access(tlm::TLM_WRITE_COMMAND, ram + 4 * i, &value);
            access(tlm::TLM_READ_COMMAND, ram + 4 * i, &back);
            wrong += back != value;
        }
        uint32_t load = 1000000, on = 1, first = 0, second = 0;
        access(tlm::TLM_WRITE_COMMAND, timer + 4, &load);
        access(tlm::TLM_WRITE_COMMAND, timer, &on);
        access(tlm::TLM_READ_COMMAND, timer + 8, &first);
        wait(sc_core::sc_time(10, sc_core::SC_US)); // 500 cycles of 20 ns
        access(tlm::TLM_READ_COMMAND, timer + 8, &second);
        std::printf("timer: %u cycles in 10 us\n", first - second);
        wrong += first - second < 500 || first - second > 504;
    }
};

int sc_main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: testbench CONFIG\n");
        return 2;
    }
    try {
        socscope::Machine soc("soc", argv[1]);
        socscope::TargetPort<32> port("port", soc, "main");
        socscope::ProtocolChecker<32> checker("checker");
        Testbench bench("bench");
        bench.socket.bind(checker.target);
        checker.initiator.bind(port.socket);
        sc_core::sc_start();
        std::printf("testbench: %llu transactions, %u wrong, %zu violations\n",
                    static_cast<unsigned long long>(checker.transactions()),
                    bench.wrong, checker.violations().size());
        return bench.wrong || !checker.violations().empty() ? 1 : 0;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "testbench: error: %s\n", e.what());
        return 2;
    }
}
