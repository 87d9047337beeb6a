/*
 * foreign.cc - a model of the platform in the memory map of the machine: its
 * traffic generator reads a foreign memory that offers direct pointers.
 *
 *     foreign traffic.yaml
 */
#include <cstdio>
#include <cstring>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_target_socket.h>
#include <vector>

#include "sim/tlm/machine.h"
#include "sim/tlm/region.h"

class Memory : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<Memory> socket;
    std::vector<unsigned char> bytes = std::vector<unsigned char>(4096);
    unsigned calls = 0;

    explicit Memory(sc_core::sc_module_name name)
        : sc_core::sc_module(name), socket("socket")
    {
        socket.register_b_transport(this, &Memory::b_transport);
        socket.register_get_direct_mem_ptr(this, &Memory::direct);
    }

  private:
    void b_transport(tlm::tlm_generic_payload &p, sc_core::sc_time &delay)
    {
        calls++;
        if (p.get_address() + p.get_data_length() > bytes.size()) {
            p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        unsigned char *at = &bytes[p.get_address()];
        if (p.is_write()) {
            std::memcpy(at, p.get_data_ptr(), p.get_data_length());
        } else {
            std::memcpy(p.get_data_ptr(), at, p.get_data_length());
        }
        delay += sc_core::sc_time(20, sc_core::SC_NS);
        p.set_dmi_allowed(true);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    bool direct(tlm::tlm_generic_payload &, tlm::tlm_dmi &dmi)
    {
        dmi.set_start_address(0);
        dmi.set_end_address(bytes.size() - 1);
        dmi.set_dmi_ptr(bytes.data());
        dmi.set_read_latency(sc_core::sc_time(20, sc_core::SC_NS));
        dmi.set_write_latency(sc_core::sc_time(20, sc_core::SC_NS));
        dmi.allow_read_write();
        return true;
    }
};

int sc_main(int argc, char **argv)
{
    if (argc != 2) {
        std::fprintf(stderr, "usage: foreign CONFIG\n");
        return 2;
    }
    try {
        socscope::Machine soc("soc", argv[1]);
        socscope::RegionSettings place;
        place.bus = "main";
        place.address = 0x40000000;
        place.size = 4096;
        socscope::TlmRegion<32> region("region", soc, place);
        Memory memory("memory");
        region.socket.bind(memory.socket);
        sc_core::sc_start(sc_core::sc_time(100, sc_core::SC_US));
        std::printf("foreign: %u calls, %llu by a direct pointer\n",
                    memory.calls,
                    static_cast<unsigned long long>(region.direct_accesses()));
        return memory.calls == 1 && region.direct_accesses() > 50 ? 0 : 1;
    } catch (const std::exception &e) {
        std::fprintf(stderr, "foreign: error: %s\n", e.what());
        return 2;
    }
}
