// `timing:` of a cpu: profiles, levels, costs of its own, and the way back to
// text.
#include "tests/sim/config_kit.h"

namespace
{

using namespace config_kit;

// A machine whose one cpu has that isa and timing.
std::string board(const std::string &timing,
                  const std::string &isa = "rv32imc_zicsr")
{
    return "version: 1\nclock: 1MHz\nbuses: {main: }\ncpus:\n  - name: c\n"
           "    isa: " +
           isa + "\n    bus: main\n    timing: " + timing + "\n";
}

TEST(ConfigTiming, NamesALevel)
{
    struct {
        const char *text, *profile;
        TimingLevel level;
    } cases[] = {
        {"none", "none", TIMING_NONE},
        {"generic-table", "generic-table", TIMING_TABLE},
        {"generic-table:table", "generic-table", TIMING_TABLE},
        {"generic-table:none", "none", TIMING_NONE},
        {"ibex-small", "ibex-small", TIMING_PIPELINE},
        {"ibex-small:pipeline", "ibex-small", TIMING_PIPELINE},
        {"ibex-small:table", "ibex-small", TIMING_TABLE},
        {"\"ibex-small:none\"", "none", TIMING_NONE},
        {"{profile: ibex-small}", "ibex-small", TIMING_PIPELINE},
        {"{profile: ibex-small, level: table}", "ibex-small", TIMING_TABLE},
        {"{profile: ibex-small, level: none}", "none", TIMING_NONE},
        {"{profile: none, alu: 1}", "none", TIMING_TABLE},
    };
    for (const auto &c : cases) {
        Result r = parse(board(c.text));
        ASSERT_TRUE(r.cfg) << c.text << ": " << r.error;
        EXPECT_STREQ(r.cfg->cpu[0].profile->name, c.profile) << c.text;
        EXPECT_EQ(r.cfg->cpu[0].level, c.level) << c.text;
    }
}

TEST(ConfigTiming, ChangesSingleCosts)
{
    Result r = parse(board("\n      profile: inorder-5stage\n      load: 2\n"
                           "      taken: 0\n      trap: 255"));
    ASSERT_TRUE(r.cfg) << r.error;
    const TimingProfile *own = r.cfg->cpu[0].profile;
    const TimingProfile *base = timing_profile_find("inorder-5stage");
    ASSERT_NE(own, base);
    EXPECT_STREQ(own->name, "inorder-5stage");
    EXPECT_STREQ(own->source, "inorder-5stage, changed in t.yaml:10");
    EXPECT_STREQ(own->estimates, base->estimates);
    for (unsigned i = 0; i < COST_NUM; i++) {
        unsigned want = i == TIME_LOAD    ? 2
                        : i == COST_TAKEN ? 0
                        : i == COST_TRAP  ? 255
                                          : timing_cost(base, i);
        EXPECT_EQ(timing_cost(own, i), want) << timing_cost_name[i];
    }
}

TEST(ConfigTiming, EveryCostHasItsKey)
{
    for (unsigned i = 0; i < COST_NUM; i++) {
        Result r = parse(board(std::string("{profile: none, source: mine, ") +
                               timing_cost_name[i] + ": 77}"));
        ASSERT_TRUE(r.cfg) << r.error;
        EXPECT_STREQ(r.cfg->cpu[0].profile->source, "mine");
        for (unsigned k = 0; k < COST_NUM; k++) {
            unsigned want = k == i                                  ? 77
                            : k == COST_TAKEN || k == COST_LOAD_USE ? 0
                                                                    : 1;
            EXPECT_EQ(timing_cost(r.cfg->cpu[0].profile, k), want)
                << timing_cost_name[i] << ", " << timing_cost_name[k];
        }
    }
}

TEST(ConfigTiming, APipelineWithoutItsCostsHasNone)
{
    Result r = parse(board("{profile: ibex-small, load: 3}"));
    ASSERT_TRUE(r.cfg) << r.error;
    EXPECT_EQ(r.cfg->cpu[0].level, TIMING_TABLE);
    EXPECT_EQ(r.cfg->cpu[0].profile->core, nullptr);
    EXPECT_EQ(r.cfg->cpu[0].profile->cost[TIME_LOAD], 3);

    r = parse(board("{profile: ibex-small, source: my chip, estimates: none}"));
    ASSERT_TRUE(r.cfg) << r.error;
    EXPECT_EQ(r.cfg->cpu[0].level, TIMING_PIPELINE);
    EXPECT_NE(r.cfg->cpu[0].profile->core, nullptr);
    EXPECT_STREQ(r.cfg->cpu[0].profile->source, "my chip");
    EXPECT_STREQ(r.cfg->cpu[0].profile->estimates, "none");
}

TEST(ConfigTiming, SetChangesACost)
{
    Result r = parse(board("{profile: none, load: 3}"),
                     {"cpus.c.timing.load=5", "cpus.c.timing.div=9"});
    ASSERT_TRUE(r.cfg) << r.error;
    EXPECT_EQ(r.cfg->cpu[0].profile->cost[TIME_LOAD], 5);
    EXPECT_EQ(r.cfg->cpu[0].profile->cost[TIME_DIV], 9);
    EXPECT_STREQ(r.cfg->cpu[0].profile->source,
                 "none, changed in --set cpus.c.timing.load");
}

// The text of a description reads back to the same timing and the same text.
TEST(ConfigTiming, RoundTrip)
{
    for (const char *timing :
         {"none", "generic-table", "ibex-small", "ibex-small:table",
          "ibex-small:none", "{profile: inorder-3stage, alu: 2, taken: 9}",
          "{profile: ibex-small, level: table, mul: 4, source: \"a "
          "\\\"b\\\"\"}",
          "{profile: cv32e40p, source: mine}",
          "{profile: none, alu: 2, load: 3, store: 4, amo: 5, mul: 6, div: 7, "
          "branch: 8, jump: 9, csr: 10, fence: 11, system: 12, fp: 13, fma: "
          "14, fdiv: 15, fsqrt: 16, taken: 17, load_use: 18, trap: 19}",
          "{profile: none, fsqrt: 2, estimates: \"fsqrt, guessed: yes\"}"}) {
        Result a = parse(board(timing));
        ASSERT_TRUE(a.cfg) << timing << ": " << a.error;
        char *text = config_text(a.cfg.get());
        Result b = parse(text);
        ASSERT_TRUE(b.cfg) << text << b.error;
        char *again = config_text(b.cfg.get());
        EXPECT_STREQ(text, again);
        const ConfigCpu &x = a.cfg->cpu[0], &y = b.cfg->cpu[0];
        EXPECT_EQ(x.level, y.level) << timing;
        EXPECT_STREQ(x.profile->source, y.profile->source);
        EXPECT_STREQ(x.profile->name, y.profile->name);
        EXPECT_EQ(x.profile->core, y.profile->core);
        EXPECT_EQ(std::string(x.profile->estimates ? x.profile->estimates : ""),
                  y.profile->estimates ? y.profile->estimates : "");
        for (unsigned i = 0; i < COST_NUM; i++) {
            EXPECT_EQ(timing_cost(x.profile, i), timing_cost(y.profile, i))
                << timing << " " << timing_cost_name[i];
        }
        free(text);
        free(again);
    }
}

TEST(ConfigTiming, ErrorsSayWhatIsRight)
{
    struct {
        const char *timing, *isa, *error;
    } cases[] = {
        {"ibex-smal", "rv32i", "did you mean \"ibex-small\"?"},
        {"ibex-smal:table", "rv32i", "unknown timing profile \"ibex-smal\"; "},
        {"ibex-small:best", "rv32i",
         "t.yaml:8: timing: unknown level \"best\"; write none, table or "
         "pipeline"},
        {"ibex-small:", "rv32i", "t.yaml:8"},
        {"generic-table:pipeline", "rv32i",
         "t.yaml:8: timing: generic-table has no level pipeline; write "
         "\"generic-table:table\""},
        {"none:table", "rv32i",
         "timing: none has no level table; write \"none\""},
        {"ibex-small", "rv64imac",
         "t.yaml:8: timing: the pipeline of ibex-small is of an RV32 core "
         "without F and D, isa is rv64imac; write \"ibex-small:table\""},
        {"ibex-small:pipeline", "rv32if_zicsr", "write \"ibex-small:table\""},
        {"{profile: ibex-small}", "rv32imafd_zicsr",
         "write \"ibex-small:table\""},
        {"{load: 2}", "rv32i", "timing without \"profile\"; "},
        {"{profile: none, lode: 2}", "rv32i", "did you mean \"load\"?"},
        {"{profile: none, load: 0}", "rv32i", "load"},
        {"{profile: none, trap: 0}", "rv32i", "trap"},
        {"{profile: none, taken: 256}", "rv32i", "taken"},
        {"{profile: none, level: none, load: 2}", "rv32i",
         "timing: level none has no costs, but load is given; write \"level: "
         "table\""},
        {"{profile: ibex-small, level: pipeline, mul: 2}", "rv32i",
         "a pipeline has no costs to change, but mul is given; write \"level: "
         "table\""},
        {"{profile: generic-table, level: pipeline, mul: 2}", "rv32i",
         "generic-table has no level pipeline; write \"generic-table:table\""},
        {"[none]", "rv32i", "timing"},
    };
    for (const auto &c : cases) {
        Result r = parse(board(c.timing, c.isa));
        EXPECT_FALSE(r.cfg) << c.timing;
        EXPECT_NE(r.error.find(c.error), std::string::npos)
            << c.timing << ": " << r.error;
    }
}

} // namespace
