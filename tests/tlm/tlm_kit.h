// tlm_kit.h - a small SystemC platform around a machine, for the tests of
// sim/tlm/. SystemC elaborates once per process: each test is a process.
#ifndef TESTS_TLM_TLM_KIT_H
#define TESTS_TLM_TLM_KIT_H

#include <cstdint>
#include <cstring>
#include <functional>
#include <gtest/gtest.h>
#include <string>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>
#include <utility>
#include <vector>

#include "sim/tlm/attributes.h"
#include "sim/tlm/checker.h"
#include "sim/tlm/machine.h"
#include "sim/tlm/region.h"
#include "sim/tlm/target_port.h"

namespace tlm_kit
{

using sc_core::sc_time;
using Payload = tlm::tlm_generic_payload;

inline sc_time ns(double n)
{
    return sc_time(n, sc_core::SC_NS);
}
inline uint64_t now_ps()
{
    return sc_core::sc_time_stamp().value();
}

// A machine from text; the description outlives the modules on it.
class Board
{
  public:
    explicit Board(const std::string &text)
    {
        Error *err = nullptr;
        cfg = config_parse(text.data(), text.size(), "tlm.yaml", nullptr, &err);
        m = cfg ? machine_new(cfg, &err) : nullptr;
        if (err) {
            ADD_FAILURE() << error_message(err);
            error_free(err);
        }
    }
    ~Board()
    {
        machine_free(m);
        config_free(cfg);
    }
    Board(const Board &) = delete;
    Board &operator=(const Board &) = delete;

    MachineMemory *memory(const std::string &name)
    {
        for (unsigned i = 0; i < machine_memories(m); i++) {
            if (machine_memory(m, i)->name == name) {
                return machine_memory(m, i);
            }
        }
        return nullptr;
    }
    uint8_t *bytes(const std::string &name)
    {
        return static_cast<uint8_t *>(
            memory_region_get_ram_ptr(&memory(name)->region));
    }
    void load(const std::vector<uint32_t> &code)
    {
        std::memcpy(bytes("ram"), code.data(), code.size() * 4);
    }

    Config *cfg = nullptr;
    ::Machine *m = nullptr;
};

// What it lists is a failure of the test, unless that is about it.
class Checker : public socscope::ProtocolChecker<32>
{
  public:
    bool strict = true;
    Checker() : socscope::ProtocolChecker<32>("checker") {}
    ~Checker() override
    {
        for (size_t i = 0; strict && i < violations().size(); i++) {
            ADD_FAILURE() << name() << ": " << violations()[i];
        }
    }
};

// An initiator whose thread is a function of the test, behind a checker.
class Initiator : public sc_core::sc_module
{
    tlm_utils::simple_initiator_socket<Initiator> own_{"own"};

  public:
    Checker checker;
    struct {
        Initiator &self;
        template <class Target> void bind(Target &target)
        {
            self.checker.initiator.bind(target);
        }
        tlm::tlm_fw_transport_if<> *operator->()
        {
            return self.own_.operator->();
        }
    } socket{*this};
    std::vector<std::pair<uint64_t, uint64_t>> withdrawn; // DMI ranges
    std::function<void()> on_withdraw;
    bool ended = false;

    Initiator(sc_core::sc_module_name name,
              std::function<void(Initiator &)> body)
        : sc_core::sc_module(name), body_(std::move(body))
    {
        own_.register_invalidate_direct_mem_ptr(this, &Initiator::withdraw);
        own_.bind(checker.target);
        SC_HAS_PROCESS(Initiator);
        SC_THREAD(run);
    }

    // What most payloads look like.
    static void fill(Payload &p, tlm::tlm_command command, uint64_t address,
                     void *bytes, unsigned len)
    {
        p.set_command(command);
        p.set_address(address);
        p.set_data_ptr(static_cast<unsigned char *>(bytes));
        p.set_data_length(len);
        p.set_streaming_width(len);
        p.set_byte_enable_ptr(nullptr);
        p.set_byte_enable_length(0);
        p.set_dmi_allowed(false);
        p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE);
    }
    tlm::tlm_response_status access(tlm::tlm_command command, uint64_t address,
                                    void *bytes, unsigned len, sc_time &delay)
    {
        Payload p;
        fill(p, command, address, bytes, len);
        socket->b_transport(p, delay);
        return p.get_response_status();
    }
    tlm::tlm_response_status read(uint64_t address, void *bytes, unsigned len)
    {
        sc_time delay;
        auto status = access(tlm::TLM_READ_COMMAND, address, bytes, len, delay);
        sc_core::wait(delay);
        return status;
    }
    tlm::tlm_response_status write(uint64_t address, const void *bytes,
                                   unsigned len)
    {
        std::vector<uint8_t> copy(len);
        std::memcpy(copy.data(), bytes, len);
        sc_time delay;
        auto status =
            access(tlm::TLM_WRITE_COMMAND, address, copy.data(), len, delay);
        sc_core::wait(delay);
        return status;
    }
    uint32_t read32(uint64_t address)
    {
        uint32_t value = 0;
        EXPECT_EQ(read(address, &value, 4), tlm::TLM_OK_RESPONSE)
            << std::hex << address;
        return value;
    }
    void write32(uint64_t address, uint32_t value)
    {
        EXPECT_EQ(write(address, &value, 4), tlm::TLM_OK_RESPONSE)
            << std::hex << address;
    }
    unsigned debug(tlm::tlm_command command, uint64_t address, void *bytes,
                   unsigned len)
    {
        Payload p;
        fill(p, command, address, bytes, len);
        return socket->transport_dbg(p);
    }
    bool dmi(tlm::tlm_command command, uint64_t address, tlm::tlm_dmi &d)
    {
        Payload p;
        fill(p, command, address, nullptr, 0);
        return socket->get_direct_mem_ptr(p, d);
    }

  private:
    void run()
    {
        body_(*this);
        ended = true;
    }
    void withdraw(sc_dt::uint64 first, sc_dt::uint64 last)
    {
        withdrawn.push_back({first, last});
        if (on_withdraw) {
            on_withdraw();
        }
    }
    std::function<void(Initiator &)> body_;
};

// A foreign target behind a checker: 4 KiB of memory, a delay, and what the
// test adds.
class Foreign : public sc_core::sc_module
{
    tlm_utils::simple_target_socket<Foreign> own_{"own"};

  public:
    Checker checker;
    decltype(checker.target) &socket = checker.target;
    std::vector<uint8_t> memory = std::vector<uint8_t>(4096);
    sc_time delay, waits;
    tlm::tlm_response_status answer = tlm::TLM_OK_RESPONSE;
    std::function<void(Payload &)> before;
    unsigned calls = 0, debugs = 0;
    socscope::TlmAttributes last;
    std::vector<uint64_t> times; // local time at the begin of each call, ps

    explicit Foreign(sc_core::sc_module_name name) : sc_core::sc_module(name)
    {
        checker.initiator.bind(own_);
        own_.register_b_transport(this, &Foreign::b_transport);
        own_.register_transport_dbg(this, &Foreign::transport_dbg);
    }

  private:
    void move(Payload &p)
    {
        uint64_t at = p.get_address();
        if (at + p.get_data_length() > memory.size()) {
            p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        if (p.is_read()) {
            std::memcpy(p.get_data_ptr(), &memory[at], p.get_data_length());
        } else {
            std::memcpy(&memory[at], p.get_data_ptr(), p.get_data_length());
        }
        p.set_response_status(answer);
    }
    void b_transport(Payload &p, sc_time &t)
    {
        calls++;
        times.push_back(now_ps() + t.value());
        EXPECT_EQ(p.get_response_status(), tlm::TLM_INCOMPLETE_RESPONSE);
        EXPECT_EQ(p.get_streaming_width(), p.get_data_length());
        auto *more = p.get_extension<socscope::TlmAttributes>();
        if (more) {
            last = *more;
        }
        if (before) {
            before(p);
        }
        move(p);
        t += delay;
        if (waits != sc_core::SC_ZERO_TIME) {
            sc_core::wait(t + waits);
            t = sc_core::SC_ZERO_TIME;
        }
    }
    unsigned transport_dbg(Payload &p)
    {
        debugs++;
        move(p);
        return p.get_data_length();
    }
};

} // namespace tlm_kit
#endif
