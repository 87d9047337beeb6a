/*
 * crc.cc - a TLM-2.0 model in a shared library: an accelerator that reads a
 * block of memory by itself and leaves its CRC-32, with an interrupt.
 *
 *     socscope run crc.yaml crc.elf
 *
 * Registers, 32 bits: 0 SOURCE address, 4 LENGTH in bytes, 8 CONTROL (write 1:
 * begin), 12 STATUS (1: busy, 2: done; a write clears done and the interrupt),
 * 16 RESULT. Parameters in `with:`: poly (reflected, 0xedb88320), word_ns (time
 * for a word, 4).
 */
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <systemc>
#include <tlm>
#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "sim/tlm/model.h"

namespace
{

class Crc : public sc_core::sc_module
{
  public:
    tlm_utils::simple_target_socket<Crc> registers;
    tlm_utils::simple_initiator_socket<Crc> dma;
    sc_core::sc_out<bool> done;

    Crc(sc_core::sc_module_name name, socscope::ModelPlace &place)
        : sc_core::sc_module(name), registers("registers"), dma("dma"),
          done("done"),
          poly_(static_cast<uint32_t>(place.number("poly", 0xedb88320))),
          word_(static_cast<double>(place.number("word_ns", 4)),
                sc_core::SC_NS)
    {
        place.map(registers);
        place.master(dma);
        place.interrupt(0, done);
        registers.register_b_transport(this, &Crc::access);
        SC_HAS_PROCESS(Crc);
        SC_THREAD(work);
    }

  private:
    enum { SOURCE, LENGTH, CONTROL, STATUS, RESULT, REGISTERS };
    enum { BUSY = 1, DONE = 2 };

    void access(tlm::tlm_generic_payload &p, sc_core::sc_time &delay)
    {
        const uint64_t at = p.get_address();
        if (p.get_data_length() != 4 || at % 4 || at / 4 >= REGISTERS) {
            p.set_response_status(tlm::TLM_ADDRESS_ERROR_RESPONSE);
            return;
        }
        if (p.is_read()) {
            std::memcpy(p.get_data_ptr(), &reg_[at / 4], 4);
        } else if (p.is_write()) {
            uint32_t value;
            std::memcpy(&value, p.get_data_ptr(), 4);
            write(at / 4, value);
        }
        delay += sc_core::sc_time(10, sc_core::SC_NS);
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }

    void write(uint64_t reg, uint32_t value)
    {
        if (reg == SOURCE || reg == LENGTH) {
            reg_[reg] = value;
        } else if (reg == CONTROL && (value & 1) && !(reg_[STATUS] & BUSY)) {
            reg_[STATUS] = BUSY;
            begin_.notify(sc_core::SC_ZERO_TIME);
        } else if (reg == STATUS) {
            reg_[STATUS] &= ~static_cast<uint32_t>(DONE);
            clear_.notify(sc_core::SC_ZERO_TIME);
        }
    }

    uint32_t add(uint32_t crc, const unsigned char *bytes, unsigned n) const
    {
        for (unsigned i = 0; i < n; i++) {
            crc ^= bytes[i];
            for (int bit = 0; bit < 8; bit++) {
                crc = crc & 1 ? crc >> 1 ^ poly_ : crc >> 1;
            }
        }
        return crc;
    }

    void work()
    {
        for (;;) {
            wait(begin_ | clear_);
            if (!(reg_[STATUS] & BUSY)) {
                done.write(false);
                continue;
            }
            uint32_t crc = ~0U;
            for (uint32_t at = 0; at < reg_[LENGTH];) {
                unsigned char bytes[64];
                const unsigned n = std::min(reg_[LENGTH] - at, 64U);
                tlm::tlm_generic_payload p;
                sc_core::sc_time delay;
                p.set_command(tlm::TLM_READ_COMMAND);
                p.set_address(reg_[SOURCE] + at);
                p.set_data_ptr(bytes);
                p.set_data_length(n);
                p.set_streaming_width(n);
                dma->b_transport(p, delay);
                wait(delay + word_ * ((n + 3) / 4));
                crc = add(crc, bytes, p.is_response_ok() ? n : 0);
                at += n;
            }
            reg_[RESULT] = ~crc;
            reg_[STATUS] = DONE;
            done.write(true);
        }
    }

    uint32_t poly_;
    sc_core::sc_time word_;
    uint32_t reg_[REGISTERS] = {};
    sc_core::sc_event begin_, clear_;
};

} // namespace

SOCSCOPE_TLM_MODEL(Crc)
