// conformance_test.cc - 10,000 random payloads of every kind through sockets of
// every width, by calls and by direct pointers, against an array of bytes; the
// protocol checker watches all of it.
#include <algorithm>
#include <random>

#include "sim/tlm/checker.h"
#include "tests/tlm/tlm_kit.h"

using namespace tlm_kit;

namespace
{

const uint64_t base = 0x80000000, size = 0x4000; // ram, ram, rom
const char *const board_text =
    "version: 1\nname: conformance\nclock: 50MHz\n"
    "buses:\n  main: {width: 32}\n"
    "memories:\n"
    "  - {name: low,  bus: main, at: 0x80000000, size: 4KiB}\n"
    "  - {name: high, bus: main, at: 0x80001000, size: 8KiB, wait_states: 1}\n"
    "  - {name: rom,  bus: main, at: 0x80003000, size: 4KiB, kind: rom}\n";

struct Unknown : tlm::tlm_extension<Unknown> {
    int value = 7;
    tlm::tlm_extension_base *clone() const override
    {
        return new Unknown(*this);
    }
    void copy_from(const tlm::tlm_extension_base &other) override
    {
        *this = static_cast<const Unknown &>(other);
    }
};

class Fuzzer
{
  public:
    // beats: of an access of the socket's width, 8 bytes at most.
    Fuzzer(Board &board, unsigned seed, unsigned beats,
           std::vector<uint8_t> &model)
        : r_(seed), beats_(beats), model_(model)
    {
        for (const char *name : {"low", "high", "rom"}) {
            MachineMemory *m = board.memory(name);
            std::memcpy(board.bytes(name), &model_[m->address - base],
                        memory_region_size(&m->region));
        }
    }

    // One payload; true: all went well.
    template <class Socket> void one(Socket &socket, unsigned n, bool dmi)
    {
        const unsigned len = 1 + below(below(3) ? 16 : 200);
        const uint64_t at = below(static_cast<unsigned>(size) + 8);
        std::vector<uint8_t> data(len), enables;
        for (uint8_t &b : data) {
            b = static_cast<uint8_t>(r_());
        }
        Payload p;
        const unsigned kind = below(20);
        Initiator::fill(p,
                        kind == 0  ? tlm::TLM_IGNORE_COMMAND
                        : kind % 2 ? tlm::TLM_READ_COMMAND
                                   : tlm::TLM_WRITE_COMMAND,
                        base + at, data.data(), len);
        if (below(3) == 0) {
            p.set_streaming_width(1 + below(len + 8));
        }
        if (below(2)) {
            enables.resize(1 + below(below(2) ? 8 : len + 4));
            for (uint8_t &b : enables) {
                b = below(3) ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED;
            }
            p.set_byte_enable_ptr(enables.data());
            p.set_byte_enable_length(static_cast<unsigned>(enables.size()));
        }
        Unknown unknown;
        socscope::TlmAttributes attributes;
        if (below(4) == 0) {
            p.set_extension(&unknown);
        }
        if (below(4) == 0) {
            attributes.requester_id = static_cast<uint16_t>(r_());
            attributes.secure = r_() & 1;
            attributes.pc = r_();
            p.set_extension(&attributes);
        }
        expect(p, data, at, enables);
        if (dmi && p.is_read() && enables.empty() && ok_) {
            direct(socket, p, data);
        } else {
            sc_time delay = ns(20 * below(3));
            socket->b_transport(p, delay);
            EXPECT_EQ(p.get_response_status(),
                      ok_ ? tlm::TLM_OK_RESPONSE
                          : tlm::TLM_ADDRESS_ERROR_RESPONSE)
                << n;
            sc_core::wait(delay);
        }
        p.clear_extension(&unknown);
        p.clear_extension(&attributes);
        for (unsigned i = 0; i < len; i++) {
            differences += known_[i] && data[i] != expected_[i];
        }
    }
    unsigned differences = 0, pointers = 0;

  private:
    unsigned below(unsigned n) { return static_cast<unsigned>(r_() % n); }
    // What should come of it; writes change the model.
    void expect(const Payload &p, const std::vector<uint8_t> &data, uint64_t at,
                const std::vector<uint8_t> &enables)
    {
        expected_ = data;
        known_.assign(data.size(), true);
        ok_ = true;
        for (size_t i = 0; i < data.size(); i++) {
            const uint64_t a = at + i % p.get_streaming_width();
            if (p.get_command() == tlm::TLM_IGNORE_COMMAND ||
                (!enables.empty() && !enables[i % enables.size()])) {
                continue;
            }
            if (a >= size || (p.is_write() && a >= 0x3000)) {
                ok_ = false;
                known_[i] = p.is_write();
            } else if (p.is_write()) {
                model_[a] = data[i];
            } else {
                expected_[i] = model_[a];
            }
        }
    }
    template <class Socket>
    void direct(Socket &socket, const Payload &p, std::vector<uint8_t> &data)
    {
        for (size_t i = 0; i < data.size(); i++) {
            Payload ask;
            tlm::tlm_dmi d;
            const uint64_t a = p.get_address() + i % p.get_streaming_width();
            Initiator::fill(ask, tlm::TLM_READ_COMMAND, a, nullptr, 0);
            ASSERT_TRUE(socket->get_direct_mem_ptr(ask, d));
            ASSERT_EQ(d.get_read_latency(),
                      ns(20 * beats_ * (a - base - 0x1000 < 0x2000 ? 2 : 1)));
            data[i] = d.get_dmi_ptr()[a - d.get_start_address()];
            pointers++;
        }
    }

    std::mt19937 r_;
    unsigned beats_;
    std::vector<uint8_t> &model_;
    std::vector<uint8_t> expected_;
    std::vector<bool> known_;
    bool ok_ = true;
};

template <unsigned W> struct Source : sc_core::sc_module {
    tlm_utils::simple_initiator_socket<Source, W> socket;
    std::function<void(Source &)> body;
    Source(sc_core::sc_module_name name, std::function<void(Source &)> fn)
        : sc_core::sc_module(name), socket("socket"), body(std::move(fn))
    {
        SC_HAS_PROCESS(Source);
        SC_THREAD(run);
    }
    void run() { body(*this); }
};

template <unsigned W> void conform(bool dmi)
{
    Board board(board_text);
    std::vector<uint8_t> model(size);
    std::mt19937 r(W);
    std::generate(model.begin(), model.end(),
                  [&] { return static_cast<uint8_t>(r()); });
    socscope::Machine soc("soc", board.m);
    soc.set_dmi(dmi ? socscope::Dmi::timed : socscope::Dmi::refused);
    socscope::TargetPort<W> port("port", soc, "main");
    socscope::ProtocolChecker<W> checker("checker");
    Fuzzer fuzzer(board, W + dmi, W == 32 ? 1 : 2, model);
    unsigned done = 0;
    Source<W> source("source", [&](Source<W> &s) {
        for (; done < 2500 && !testing::Test::HasFailure(); done++) {
            fuzzer.one(s.socket, done, dmi);
        }
    });
    source.socket.bind(checker.target);
    checker.initiator.bind(port.socket);
    sc_core::sc_start();
    EXPECT_EQ(done, 2500u);
    EXPECT_EQ(fuzzer.differences, 0u);
    EXPECT_EQ(fuzzer.pointers > 1000, dmi);
    EXPECT_EQ(checker.violations().size(), 0u)
        << (checker.violations().empty() ? "" : checker.violations()[0]);
    for (const char *name : {"low", "high", "rom"}) {
        MachineMemory *m = board.memory(name);
        EXPECT_EQ(std::memcmp(board.bytes(name), &model[m->address - base],
                              memory_region_size(&m->region)),
                  0)
            << name;
    }
}

TEST(TlmConformance, Width32)
{
    conform<32>(false);
}
TEST(TlmConformance, Width64)
{
    conform<64>(false);
}
TEST(TlmConformance, Width128)
{
    conform<128>(false);
}
TEST(TlmConformance, Width256)
{
    conform<256>(false);
}
TEST(TlmConformance, DirectWidth32)
{
    conform<32>(true);
}
TEST(TlmConformance, DirectWidth64)
{
    conform<64>(true);
}

// The checker sees what it is there for.
TEST(TlmConformance, TheCheckerFindsWhatIsWrong)
{
    struct Bad : sc_core::sc_module {
        tlm_utils::simple_target_socket<Bad> socket;
        unsigned step = 0;
        explicit Bad(sc_core::sc_module_name name)
            : sc_core::sc_module(name), socket("socket")
        {
            socket.register_b_transport(this, &Bad::b_transport);
            socket.register_get_direct_mem_ptr(this, &Bad::dmi);
        }
        void b_transport(Payload &p, sc_time &t)
        {
            p.set_response_status(tlm::TLM_OK_RESPONSE);
            switch (step++) {
            case 0: break; // fine
            case 1: p.set_response_status(tlm::TLM_INCOMPLETE_RESPONSE); break;
            case 2: p.set_address(p.get_address() + 4); break;
            case 3: t = sc_core::SC_ZERO_TIME; break;
            case 4: p.get_data_ptr()[0] ^= 1; break;
            case 5: p.set_data_length(2); break;
            }
        }
        bool dmi(Payload &, tlm::tlm_dmi &d)
        {
            d.set_start_address(0x1000);
            d.set_end_address(0x1fff);
            d.allow_read();
            return true;
        }
    };
    Bad bad("bad");
    socscope::ProtocolChecker<32> checker("checker");
    std::vector<size_t> counts;
    Initiator initiator("initiator", [&](Initiator &i) {
        i.checker.strict = false;
        for (unsigned n = 0; n < 6; n++) {
            uint32_t value = 0;
            sc_time delay = ns(10);
            i.access(tlm::TLM_WRITE_COMMAND, 0x100, &value, 4, delay);
            counts.push_back(checker.violations().size());
        }
        tlm::tlm_dmi d;
        i.dmi(tlm::TLM_WRITE_COMMAND, 0x100, d);
        counts.push_back(checker.violations().size());
    });
    initiator.socket.bind(checker.target);
    checker.initiator.bind(bad.socket);
    sc_core::sc_start();
    EXPECT_EQ(counts, (std::vector<size_t>{0, 1, 2, 3, 4, 5, 8}));
}

} // namespace
