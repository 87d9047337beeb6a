// CSV files for players, as anybody might write them: accesses, or one line of
// error.
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>

#include "sim/player_csv.h"

namespace
{

struct Read {
    PlayerScore score{};
    std::string error;
    explicit Read(const std::string &text, const char *initiator = nullptr)
    {
        ClockDomain clk;
        clock_init(&clk, "bus", 100000000);
        FILE *in = fmemopen(const_cast<char *>(text.data()),
                            text.empty() ? 1 : text.size(), "rb");
        if (text.empty()) {
            getc(in);
        }
        Error *err = nullptr;
        bool ok = player_csv_read(in, "a.csv", initiator, &clk, &score, &err);
        std::fclose(in);
        EXPECT_EQ(ok, err == nullptr);
        if (err) {
            error = error_message(err);
            error_free(err);
        }
    }
    ~Read() { player_score_fini(&score); }
    Read(const Read &) = delete;
    Read &operator=(const Read &) = delete;
};

TEST(PlayerCsv, TimesAndGaps)
{
    Read r("cycle,address,size,dir,value,cycles\n"
           "10,0x100,4,w,0x12345678,\n"
           "20,-8,8,r,,30\n" // -8: the int64 of the same bits
           "45,0,16,w,1,1\n"
           "70,0,2,w,65535,\n");
    ASSERT_EQ("", r.error);
    ASSERT_EQ(4u, r.score.count);
    const PlayerAccess *a = r.score.access;
    EXPECT_EQ(100000u, a[0].time_ps);
    EXPECT_EQ(100000u, a[0].gap_ps);
    EXPECT_EQ(0x12345678u, a[0].value);
    EXPECT_TRUE(a[0].is_write && a[0].has_value);
    EXPECT_EQ(90000u, a[1].gap_ps); // the first took one cycle
    EXPECT_EQ(UINT64_MAX - 7, a[1].addr);
    EXPECT_FALSE(a[1].is_write || a[1].has_value);
    EXPECT_EQ(0u, a[2].gap_ps); // not yet complete
    EXPECT_FALSE(a[2].has_value);
    EXPECT_EQ(240000u, a[3].gap_ps);
    EXPECT_EQ(65535u, a[3].value);
}

TEST(PlayerCsv, RowsOfOneInitiator)
{
    const char *text = "initiator,time,address,size,dir\n"
                       "a,0,0,1,r\nb,0,1,1,r\n\"a\",5,2,1,r\n";
    Read a(text, "a"), all(text), none(text, "c");
    EXPECT_EQ(2u, a.score.count);
    EXPECT_EQ(2u, a.score.access[1].addr);
    EXPECT_EQ(3u, all.score.count);
    EXPECT_EQ("a.csv: no accesses of c; write a line for each", none.error);
    EXPECT_EQ("a.csv: it is empty; the first line names the columns",
              Read("").error);
}

TEST(PlayerCsv, SaysWhatIsWrongAndWhere)
{
    const std::string head = "cycle,address,size,dir,value\n";
    const std::string good = "0,0x80000000,4,r,\n";
    struct {
        std::string text, says;
    } cases[] = {
        {head, "a.csv: no accesses; write"},
        {"cycle,size,dir\n", "a.csv:1: no column \"address\"; "},
        {"address,size,dir\n", "a.csv:1: no column \"cycle\"; "},
        {"cycle,pa,address,size,dir\n", "a.csv:1: a second column \"address\""},
        {head + good + "x,0,4,r,\n", "a.csv:3: cycle \"x\"; write a number"},
        {head + "0\n", "a.csv:2: address \"\"; write a number"},
        {head + good + "-1,0,4,r,\n", "a.csv:3: cycle \"-1\""},
        {head + "0,0x,4,r,\n", "a.csv:2: address \"0x\""},
        {head + "0,+1,4,r,\n", "a.csv:2: address \"+1\""},
        {head + "0,99999999999999999999,4,r,\n", "a.csv:2: address \"999"},
        {head + "0,-9223372036854775809,4,r,\n", "a.csv:2: address \"-922"},
        {head + "99999999999999999,0,4,r,\n", "a.csv:2: cycle \"999"},
        {head + "0,0xffffffffffffffff,2,r,\n", "a.csv:2: address \"0xf"},
        {head + "0,0,0,r,\n", "a.csv:2: size \"0\"; write 1 to 4096"},
        {head + "0,0,4097,r,\n", "a.csv:2: size \"4097\""},
        {head + "0,0,4,x,\n", "a.csv:2: dir \"x\"; write r or w"},
        {head + "0,0,4,w,0x100000000\n", "a.csv:2: value \"0x1"},
        {head + "0,0,4,w,-1\n", "a.csv:2: value \"-1\"; it does not fit"},
        {head + "5,0,4,r,\n4,0,4,r,\n", "a.csv:3: cycle \"4\"; it is before"},
        {head + "0,\"0,4,r,\n", "a.csv:2: quotes do not match"},
        {head + "0,\"0\"x,4,r,\n", "a.csv:2: quotes do not match"},
        {head + std::string(64, ','), "a.csv:2: more than 64 fields"},
        {head + std::string(4096, '0'), "a.csv:2: the line has more than 4095"},
        {head + "\x7f", "a.csv:2: byte 0x7f is no text"},
        {"cycle,address,size,dir,cycles\n0,0,4,r,99999999999\n",
         "a.csv:2: cycles \"999"},
    };
    for (auto &c : cases) {
        EXPECT_EQ(0u, Read(c.text).error.find(c.says))
            << c.says << ": " << Read(c.text).error;
    }
    EXPECT_EQ(0u, Read(head + good, "x")
                      .error.find("a.csv:1: no column initiator for \"x\""));
}

// Damaged at random: what is read can be played, what is not is one line.
TEST(PlayerCsv, AnythingIsReadOrExplained)
{
    static const std::string words[] = {",",
                                        "\n",
                                        "\"",
                                        "-",
                                        "0x",
                                        "18446744073709551615",
                                        std::string(1, '\0'),
                                        "4096",
                                        "w",
                                        "time,",
                                        "\xff",
                                        std::string(50, '9'),
                                        "\r",
                                        "cycle",
                                        " ",
                                        "\t",
                                        "9223372036854775808"};
    std::string seed = "cycle,address,size,dir,value,cycles,initiator\n";
    for (unsigned i = 0; i < 10; i++) {
        seed += std::to_string(i * 3) + "," + std::to_string(i * 4096) + "," +
                std::to_string(1u << i) + "," + "rw"[i % 2] + "," +
                std::to_string(i % 2) + ",,\"x, y\"\n";
    }
    std::mt19937_64 rng(8);
    unsigned good = 0;
    for (unsigned n = 0; n < 20000; n++) {
        std::string text = seed;
        for (uint64_t k = rng() % 4; k < 4; k++) {
            text.replace(rng() % text.size(), rng() % 4,
                         words[rng() % (sizeof(words) / sizeof(words[0]))]);
        }
        Read r(text, n % 5 ? nullptr : "x, y");
        if (!r.error.empty()) {
            ASSERT_EQ(0u, r.error.find("a.csv:")) << r.error;
            ASSERT_EQ(std::string::npos, r.error.find('\n')) << r.error;
            continue;
        }
        good++;
        ASSERT_GT(r.score.count, 0u);
        uint64_t last = 0;
        for (size_t i = 0; i < r.score.count; i++) {
            const PlayerAccess &a = r.score.access[i];
            ASSERT_TRUE(a.size >= 1 && a.size <= TRAFFIC_BYTES);
            ASSERT_LE(a.size - 1u, UINT64_MAX - a.addr);
            ASSERT_GE(a.time_ps, last);
            ASSERT_TRUE(a.size <= 8 || !a.has_value);
            last = a.time_ps;
        }
    }
    EXPECT_GT(good, 500u);
    EXPECT_LT(good, 19500u);
}

} // namespace
