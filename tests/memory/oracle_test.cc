// The independent witness: the memory API against a model that paints every
// byte and takes the written rules one by one, over random trees, changes and
// accesses. What differs is shrunk to a script for memory_replay.
//
// Environment (numbers)
//   ORACLE_SEED      another seed than the fixed one
//   ORACLE_TREES     how many trees
//   ORACLE_ACCESSES  of each tree
//   ORACLE_CASE      only the tree of this number; also shrinks a crash
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/memory/oracle_generate.h"
#include "tests/memory/oracle_shrink.h"

using namespace oracle;

namespace
{

enum {
    SEED = 20210419,
    TREES = 250,
    ACCESSES = 100,
    PAINT_EVERY = 8, // trees whose bytes are painted one by one
    FAILURES = 3,    // shown before giving up
};

uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t value = otherwise;
    return text && parse_number(text, &value) ? value : otherwise;
}

// Names the tree under test when the program dies in it.
char dying_words[120];
void die_speaking(int)
{
    ssize_t ignored = write(2, dying_words, strlen(dying_words));
    (void)ignored;
    signal(SIGABRT, SIG_DFL);
}
void about_to_run(uint64_t seed, uint64_t tree)
{
    snprintf(dying_words, sizeof dying_words,
             "oracle: died in a tree: ORACLE_SEED=%llu ORACLE_CASE=%llu "
             "shrinks it\n",
             static_cast<unsigned long long>(seed),
             static_cast<unsigned long long>(tree));
}

// In a process of its own: it may crash.
void print_report(const Script &script, uint64_t paint, unsigned paint_len)
{
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
        Difference d = compare(script, Flaw::none, paint, paint_len);
        printf("%s", report(script, d).c_str());
        fflush(stdout);
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
        printf("---- script ----\n%s---- actual ----\nthe program dies\n",
               script_text(script).c_str());
    }
}

struct Chosen {
    Case tree;
    unsigned paint_len;
};
Chosen choose(uint64_t seed, uint64_t tree)
{
    unsigned accesses =
        static_cast<unsigned>(number("ORACLE_ACCESSES", ACCESSES));
    Case c = generate(random_mix(seed) + tree, accesses);
    return {c, tree % PAINT_EVERY == 0 ? c.window_size + 64 : 0};
}

std::string slurp(const std::filesystem::path &path)
{
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(Oracle, RandomTrees)
{
    uint64_t seed = number("ORACLE_SEED", SEED);
    uint64_t first = number("ORACLE_CASE", 0);
    bool only = getenv("ORACLE_CASE") != nullptr;
    uint64_t trees = only ? 1 : number("ORACLE_TREES", TREES);
    printf("ORACLE_SEED=%llu\n", static_cast<unsigned long long>(seed));
    signal(SIGABRT, die_speaking);
    uint64_t accesses = 0, commands = 0, painted = 0;
    int failures = 0;
    for (uint64_t i = first; i < first + trees && failures < FAILURES; i++) {
        Chosen c = choose(seed, i);
        about_to_run(seed, i);
        bool bad =
            only
                ? fails(c.tree.script, Flaw::none, c.tree.window, c.paint_len)
                : compare(c.tree.script, Flaw::none, c.tree.window, c.paint_len)
                      .found;
        accesses += c.tree.accesses;
        commands += c.tree.script.size();
        painted += c.paint_len;
        if (bad) {
            failures++;
            ADD_FAILURE() << "ORACLE_SEED=" << seed << " ORACLE_CASE=" << i;
            if (fails(c.tree.script, Flaw::none, 0, 0)) {
                c.paint_len = 0; // one of the commands shows it
            }
            print_report(
                shrink(c.tree.script, Flaw::none, c.tree.window, c.paint_len),
                c.tree.window, c.paint_len);
        }
    }
    signal(SIGABRT, SIG_DFL);
    printf("%llu trees, %llu accesses, %llu commands, %llu bytes painted\n",
           static_cast<unsigned long long>(trees),
           static_cast<unsigned long long>(accesses),
           static_cast<unsigned long long>(commands),
           static_cast<unsigned long long>(painted));
    EXPECT_GE(accesses, trees * 9 / 10 * number("ORACLE_ACCESSES", ACCESSES));
}

// The model knows the rules: it writes the reference transcripts of all
// scripts whose commands it has.
TEST(Oracle, ModelWritesTheReferenceTranscripts)
{
    int known = 0;
    std::filesystem::path folder(SOURCE_DIR "/tests/golden/memory");
    ASSERT_TRUE(std::filesystem::is_directory(folder)) << folder;
    for (const auto &entry : std::filesystem::directory_iterator(folder)) {
        std::filesystem::path path = entry.path();
        if (path.extension() != ".script") {
            continue;
        }
        Model model;
        bool all = true;
        for (const Command &command : parse_script(slurp(path))) {
            all = all && model.run(command);
        }
        if (all) {
            known++;
            EXPECT_EQ(model.out, slurp(path.replace_extension(".expect")))
                << path;
        }
    }
    EXPECT_GE(known, 100);
}

// What the random trees have found, by itself.
void expect_same(const char *text)
{
    Difference d = compare(parse_script(text));
    EXPECT_FALSE(d.found) << report(d.run, d);
}

// The second load of a ROM device went to the device.
TEST(OracleFound, RomDeviceIsReadFromMemoryEachTime)
{
    expect_same("region container root 2^64\n"
                "region romd r 0x1000\n"
                "add root 0x3000 r\n"
                "as mem root\n"
                "ld mem 0x3010 2 le\n"
                "ld mem 0x3020 2 le\n");
}

// Moving a root, or what lies in a disabled container, is no reason to draw:
// the view stays as it was at the last commit that was one.
TEST(OracleFound, RootMovedOutsideATransactionIsNotSeen)
{
    expect_same("region container root 2^64\n"
                "as mem root\n"
                "region io d 0x1000\n"
                "add root 0x7f00 d\n"
                "addr root 0x15\n"
                "ld mem 0x82c4 2 be\n"
                "flat mem\n");
    expect_same("region container off 2^64\n"
                "region io d 0x20\n"
                "add off 0x38d8 d\n"
                "as bus d\n"
                "enable off 0\n"
                "addr d 0x36ce\n"
                "flat bus\n"
                "del off d\n"
                "add off 0x36c8 d\n"
                "flat bus\n");
}

TEST(Oracle, SameSeedSameScript)
{
    EXPECT_EQ(script_text(generate(7, 20).script),
              script_text(generate(7, 20).script));
    EXPECT_NE(script_text(generate(7, 20).script),
              script_text(generate(8, 20).script));
}

// A model with a wrong rule must be found out, and the case come down to the
// few lines that show it.
void expect_shrunk(Flaw flaw, size_t lines, const std::string &word)
{
    for (uint64_t tree = 0; tree < 200; tree++) {
        Case c = generate(tree, 60);
        Difference all = compare(c.script, flaw);
        if (!all.found) {
            continue;
        }
        ASSERT_FALSE(compare(c.script).found);
        Script minimal = shrink(c.script, flaw);
        Difference d = compare(minimal, flaw);
        std::string text = report(minimal, d);
        EXPECT_TRUE(d.found) << text;
        EXPECT_NE(d.expected, d.actual) << text;
        EXPECT_LE(minimal.size(), lines) << text;
        EXPECT_GT(c.script.size(), 3 * lines);
        EXPECT_EQ(minimal.back()[0], word) << text;
        for (size_t i = 0; i < minimal.size(); i++) { // nothing to spare
            Script less = minimal;
            less.erase(less.begin() + static_cast<long>(i));
            EXPECT_FALSE(compare(less, flaw).found) << i << "\n" << text;
        }
        printf("%zu lines -> %zu\n%s", c.script.size(), minimal.size(),
               text.c_str());
        return;
    }
    FAIL() << "not found out";
}

// region a, region b, region root, add, add, as, look
TEST(OracleShrinker, FindsAWrongTieBreak)
{
    expect_shrunk(Flaw::oldest_wins, 8, "flat");
}

// region, as, store, load
TEST(OracleShrinker, FindsALostStore)
{
    expect_shrunk(Flaw::store_is_lost, 7, "r");
}

} // namespace

// Called by AddressSanitizer, if it is there, before it reports.
extern "C" void __asan_on_error(void);
extern "C" void __asan_on_error(void)
{
    die_speaking(0);
}
