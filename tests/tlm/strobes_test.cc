// strobes_test.cc - byte enables of a payload on the bus: what they cost, and
// what a trace shows. Oracle: hand arithmetic; the invariants of a database.
#include <random>

#include "tests/tlm/db_kit.h"
#include "tests/tlm/tlm_kit.h"

using namespace tlm_kit;

namespace
{

const char *const board_text =
    "version: 1\nname: strobes\nclock: 50MHz\n"
    "buses:\n  main: {width: 32}\n  wide: {width: 128}\n"
    "  free: {width: 32, timing: none}\n"
    "memories:\n"
    "  - {name: ram, bus: [main, free, wide], at: 0x80000000, size: 8KiB}\n"
    "  - {name: slow, bus: main, at: 0x80002000, size: 4KiB, wait_states: 2}\n"
    "devices:\n  - {name: timer0, type: timer, bus: main, at: 0x18000000}\n";
const uint64_t ram = 0x80000000, timer = 0x18000000;

// A payload whose byte enables are a picture, "1101".
uint64_t move(Initiator &i, tlm::tlm_command command, uint64_t address,
              std::vector<uint8_t> &bytes, const std::string &picture)
{
    std::vector<uint8_t> enables;
    for (char c : picture) {
        enables.push_back(c == '1' ? TLM_BYTE_ENABLED : TLM_BYTE_DISABLED);
    }
    Payload p;
    sc_time delay;
    Initiator::fill(p, command, address, bytes.data(),
                    static_cast<unsigned>(bytes.size()));
    p.set_byte_enable_ptr(enables.data());
    p.set_byte_enable_length(static_cast<unsigned>(enables.size()));
    i.socket->b_transport(p, delay);
    EXPECT_EQ(p.get_response_status(), tlm::TLM_OK_RESPONSE);
    sc_core::wait(delay);
    return delay.value() / 20000;
}

struct Platform {
    Board board{board_text};
    socscope::Machine soc{"soc", board.m};
    socscope::TargetPort<32> main{"main", soc, "main"};
    socscope::TargetPort<32> wide{"wide", soc, "wide"};
    socscope::TargetPort<32> free{"free", soc, "free"};
    Initiator on_main, on_wide, on_free; // the first one's thread is the test
    explicit Platform(std::function<void(Platform &)> body)
        : on_main("on_main", [this, body](Initiator &) { body(*this); }),
          on_wide("on_wide", [](Initiator &) {}),
          on_free("on_free", [](Initiator &) {})
    {
        on_main.socket.bind(main.socket);
        on_wide.socket.bind(wide.socket);
        on_free.socket.bind(free.socket);
    }
};

const auto read = tlm::TLM_READ_COMMAND, write = tlm::TLM_WRITE_COMMAND;

TEST(TlmStrobes, OneTransactionWithTheBeatsOfItsWords)
{
    Platform platform([&](Platform &s) {
        std::vector<uint8_t> four = {1, 2, 3, 4}, sixteen(16, 0x5a), eight(8);
        EXPECT_EQ(move(s.on_main, write, ram, four, "1011"), 1u);
        EXPECT_EQ(move(s.on_main, write, ram + 4, four, "0110"), 1u);
        EXPECT_EQ(move(s.on_main, write, ram + 16, sixteen, "1111000000001000"),
                  4u);
        EXPECT_EQ(move(s.on_main, read, ram + 0x2000, eight, "0101"), 6u);
        EXPECT_EQ(eight, (std::vector<uint8_t>{0, 9, 0, 9, 0, 9, 0, 9}));
        std::vector<uint8_t> registers(16, 0);
        registers[4] = 100;
        EXPECT_EQ(move(s.on_main, write, timer, registers, "1111000000001111"),
                  2u);
        EXPECT_EQ(move(s.on_main, read, ram, four, "0"), 0u); // nothing at all
        std::vector<uint8_t> more(32, 0x77), most(300, 0x33);
        EXPECT_EQ(move(s.on_wide, write, ram + 0x100, more, "10000001"), 2u);
        EXPECT_EQ(move(s.on_free, write, ram + 0x400, most,
                       "1" + std::string(298, '0') + "1"),
                  0u);
    });
    std::memset(platform.board.bytes("slow"), 9, 16);
    Recording r(platform.soc, "tlm_strobes_test.db");
    sc_core::sc_start();
    EXPECT_TRUE(platform.on_main.ended);
    r.end();
    const std::string rows =
        "select pa - 0x80000000, size, value, beats, wait_cycles + bus_cycles "
        "+ target_cycles, flags from tx where ";
    EXPECT_EQ(r.text(rows + "initiator = 'main' and region = 'ram'"),
              "0 4 67305473 1 1 strobed; 5 2 770 1 1 unaligned; "
              "16 13 - 4 4 split strobed");
    EXPECT_EQ(r.text("select pa - 0x18000000, size, beats, flags from tx where "
                     "region = 'timer0'"),
              "0 16 2 split strobed");
    EXPECT_EQ(r.text("select size, beats, flags from tx where initiator = "
                     "'wide' or initiator = 'free' order by size"),
              "32 2 split strobed; 300 2 split strobed");
    const std::string beats = "select b.offset, b.size, b.value, b.cycles, "
                              "b.cause, b.strobes from beat b join tx on "
                              "tx.rowid = b.tx where initiator = ";
    EXPECT_EQ(r.text(beats + "'main' and tx.region = 'ram'"),
              "0 4 67305473 1 access 1011; 5 2 770 1 access -; "
              "16 4 1515870810 1 split -; 20 4 0 1 split 0000; "
              "24 4 0 1 split 0000; 28 1 90 1 split -");
    EXPECT_EQ(r.text(beats + "'main' and tx.region = 'slow'"),
              "1 3 589833 3 split 101; 4 4 150997248 3 split 0101");
    EXPECT_EQ(r.text(beats + "'main' and tx.region = 'timer0'"),
              "0 4 0 1 access -; 12 4 0 1 access -");
    EXPECT_EQ(r.text("select size, strobes from beat where bus = 'wide'"),
              "16 1000000110000001; 16 1000000110000001");
    // Without a bus 128 bytes at a time; those that are disabled end nowhere.
    EXPECT_EQ(r.text(beats + "'free'"), "1024 128 - 0 access 1" +
                                            std::string(127, '0') +
                                            "; 1323 1 51 0 access -");
}

// Any of them: what was counted is what was recorded.
TEST(TlmStrobes, TheDatabaseAddsUp)
{
    Platform platform([&](Platform &s) {
        std::mt19937 r(3);
        Initiator *all[] = {&s.on_main, &s.on_wide, &s.on_free};
        for (unsigned n = 0; n < 600; n++) {
            std::vector<uint8_t> bytes(1 + r() % (n % 8 ? 40 : 400));
            std::string picture(1 + r() % 50, '0');
            for (char &c : picture) {
                c = r() % 3 ? '1' : '0';
            }
            const bool registers = n % 5 == 0;
            picture = registers ? "11110000" : picture;
            bytes.resize(registers ? 12 : bytes.size());
            move(*all[registers ? 0 : n % 3], r() % 2 ? read : write,
                 registers ? timer : ram + r() % 0x1e00, bytes, picture);
        }
    });
    Recording r(platform.soc, "tlm_strobes_check_test.db");
    sc_core::sc_start();
    EXPECT_TRUE(platform.on_main.ended);
    r.end();
    EXPECT_GT(r.number("select count(*) from tx where flags like '%strobed'"),
              400);
    EXPECT_EQ(r.number("select sum(bytes_moved) from traffic"),
              r.number("select sum(size) from beat"));
    EXPECT_EQ(r.number("select sum(bytes) from traffic"),
              r.number("select sum(size) from tx"));
}

} // namespace
