// What a script cannot do: every one that would be a caller's mistake towards
// the memory API, or makes no sense, ends with one line that says so.
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

#include "tests/replay/replay.h"

namespace
{

// The transcript and, if there is one, the error behind it.
std::string replayed(const std::string &script,
                     const ReplayOptions &options = ReplayOptions())
{
    std::string out;
    try {
        replay(script, &out, options);
    } catch (const ScriptError &e) {
        out += "! " + std::string(e.what()) + "\n";
    }
    return out;
}

std::string last_line(const std::string &text)
{
    size_t end = text.find_last_not_of('\n') + 1;
    size_t at = text.rfind('\n', end ? end - 1 : 0);
    at = at == std::string::npos ? 0 : at + 1;
    return text.substr(at, end - at);
}

// A small board: RAM at 0, a device at 0x1000, behind an IOMMU at 0x10000.
const std::string board = "target little\n"
                          "region container root 2^64\n"
                          "region ram ram 0x1000\n"
                          "region io dev 0x100 vmax=8 data=lane\n"
                          "region romd flash 0x1000\n"
                          "region iommu iom 0x4000 secidx=1\n"
                          "region container other 0x1000\n"
                          "region alias win other 0 0x1000\n"
                          "add root 0 ram\n"
                          "add root 0x1000 dev\n"
                          "add root 0x10000 iom\n"
                          "as mem root\n"
                          "efd e1\n"
                          "efd e2\n";
const int board_lines = 14;

struct Wrong {
    const char *script; // behind the board
    const char *says;   // a part of it
};

const Wrong wrongs[] = {
    {"frobnicate\n", "command `frobnicate` is unknown"},
    {"enable ram\n", "it takes R 0|1"},
    {"enable ram 1 1\n", "it takes R 0|1"},
    {"enable ram 2\n", "flag `2`; 0 or 1"},
    {"target little\n", "as the first command"},
    {"enable nothing 1\n", "region `nothing` is unknown"},
    {"region ram ram 0x1000\n", "region `ram` exists"},
    {"region floppy x 0x1000\n", "region kind `floppy`"},
    {"region ram x 12monkeys\n", "`12monkeys` is no number"},
    {"region ram x 0x\n", "`0x` is no number"},
    {"region ram x -1\n", "`-1` is no number"},
    {"region ram x 0x10000000000000000\n", "is no number"},
    {"region ram x 2^64\n", "bytes of memory; at most"},
    {"region ram x 0x1000 seed=1\n", "`seed=1`; a ram region has no options"},
    {"region io x 0x1000 vmax=3\n", "access size 3"},
    {"region io x 0x1000 color=red\n", "device option `color`"},
    {"region io x 0x1000 data=none\n", "data=none; one of"},
    {"region io x 0x1000 accepts=bribes\n", "accepts=bribes; one of"},
    {"region io x 0x1000 api=attrs err=0x4\n", "err=0x4; OFFSET:CODE"},
    {"region io x 0x1000 api=attrs err=0x4:4\n", "err=0x4:4; OFFSET:CODE"},
    {"region iommu x 0x1000 page=0xfff\n", "page size 0xfff"},
    {"region iommu x 0x1000 pages=4\n", "option `pages=4`"},
    {"region alias x ram 0\n", "region alias NAME TARGET OFFSET SIZE"},
    {"add root 0 ram\n", "`ram` is in a container"},
    {"add other 0 other\n", "is inside `other`, or the same"},
    {"region container c 1\nadd other 0 c\nadd c 0 other\n", "`c` is inside"},
    {"del other ram\n", "`ram` is not in `other`"},
    {"resize ram 0x1001\n", "at most 0x1000, as it was made"},
    {"aliasoff ram 0\n", "`ram` is no alias"},
    {"commit\n", "no transaction is open"},
    {"as mem root\n", "address space `mem` exists"},
    {"asdel nowhere\n", "address space `nowhere` is unknown"},
    {"listener L mem\nasdel mem\n", "`mem` is in use"},
    {"map m mem 0x1000 8 w\nasdel mem\n", "`mem` is in use"},
    {"iommap iom 0 mem 0 0xfff rw\nasdel mem\n", "`mem` is in use"},
    {"on dev r 0 asdel mem\nld mem 0x1000 1 le\n", "`mem` is in use"},
    {"r mem 0 0x100001\n", "0x100001 bytes at once"},
    {"w mem 0 abc\n", "`abc` is no byte string"},
    {"w mem 0 ab user rid=65536\n", "rid=65536; at most 16 bits"},
    {"w mem 0 ab root\n", "attribute `root`"},
    {"fill mem 0 1 256\n", "byte 256"},
    {"ld mem 0 3 le\n", "3 bytes; 1, 2, 4 or 8"},
    {"ld mem 0 4 pe\n", "order `pe`"},
    {"valid mem 0 4 x\n", "direction `x`"},
    {"poke ram 0xfff 0102\n", "`ram` has no memory there"},
    {"peek dev 0 1\n", "`dev` has no memory there"},
    {"peek win 0 1\n", "`win` has no memory there"},
    {"on ram r 0 flushq\n", "`ram` has no device"},
    {"on dev r 0 on dev r 0 flushq\n", "a hook that makes hooks"},
    {"on dev r 0 dance\n", "command `dance` is unknown"},
    {"on dev r 0 commit\nld mem 0x1000 1 le\n", "no transaction is open"},
    {"mapr m 0 1\n", "mapping `m` is unknown"},
    {"map m mem 0 4 r\nmapw m 0 01\n", "`m` is for reading"},
    {"map m mem 0 4 r\nmapr m 1 4\n", "not inside mapping `m`"},
    {"map m mem 0 4 w\nunmap m 5\n", "not inside mapping `m`"},
    {"map m mem 0 4 w\nmap m mem 0 4 w\n", "mapping `m` exists"},
    {"on dev r 0 map m mem 0 4 w\nmap m mem 0x1000 1 r\n", "made by a hook"},
    {"cr c 0 1\n", "cache `c` is unknown"},
    {"cache c mem 0 0 r\n", "a cache of no bytes"},
    {"cache c mem 0 4 r\ncache c mem 0 4 r\n", "cache `c` exists"},
    {"cache c mem 0 4 r\ncld c 1 4 le\n", "not inside cache `c`"},
    {"cache c mem 0 4 r\ncw c 0 01\n", "`c` is for reading"},
    {"cache c mem 0 4 r\ncinval c 0 1\n", "`c` is for reading"},
    {"cache c mem 0x1000 4 r\non dev r 0 cdel c\ncr c 0 4\n", "or in use"},
    {"listener L mem\nlistener L mem\n", "listener `L` exists"},
    {"listener L mem loud=1\n", "option `loud=1`"},
    {"unlisten L\n", "listener `L` is unknown"},
    {"log ram 0\n", "`ram` is logged 0 times"},
    {"glog pause\n", "start or stop"},
    {"dirtyset dev 0 1\n", "`dev` has no memory of its own"},
    {"dirtyset win 0 1\n", "`win` has no memory of its own"},
    {"dirtyclr ram 0 0x1001 vga\n", "`ram` has no memory there"},
    {"dirty? ram 0 1 code\n", "client `code`"},
    {"snap ram 0x1000 1 vga\n", "`ram` has no memory there"},
    {"romd flash 0\nflushromd flash 0 1\n", "no ROM device in romd mode"},
    {"pw mem 0 010203040506070809\n", "9 bytes in a posted write"},
    {"efd e1\n", "event `e1` exists"},
    {"efdadd dev 0 3 any 0 e1\n", "a binding of 3 bytes"},
    {"efdadd dev 0 4 any 0 e9\n", "event `e9` is unknown"},
    {"efddel dev 0 4 any 0 e1\n", "no such binding"},
    {"efdadd dev 0 4 match 1 e1\nefddel dev 0 4 match 1 e2\n", "no such"},
    // e2 of any size stands first, so it is what the first efddel takes.
    {"efdadd dev 0 4 any 0 e1\nefdadd dev 0 8 any 0 e1\nefdadd dev 0 0 any 0 "
     "e2\nefddel dev 0 4 any 0 e1\nefddel dev 0 2 any 0 e1\n",
     "no such binding"},
    {"iommap ram 0 mem 0 0xfff rw\n", "`ram` is no IOMMU region"},
    {"iommap iom 0 mem 0 0xffe rw\n", "mask 0xffe"},
    {"iommap iom 0 mem 0 0xfff rx\n", "permission `rx`"},
    {"notifier n ram map 0 1\n", "`ram` is no IOMMU region"},
    {"notifier n iom map 1 0\n", "START at most END"},
    {"notifier n iom map 0 1 idx=2\n", "index of a notifier"},
    {"notifier n iom map|remap 0 1\n", "event `remap`"},
    {"unnotifier n\n", "notifier `n` is unknown"},
    {"ionotify iom 0 map 0xffffffffffffffff 1 rw\n", "an event beyond 2^64"},
    {"notifier n iom map 0 0xfff\nionotify iom 0 map 0 0x1fff rw\n",
     "would see part of it"},
    {"region iommu huge 2^64\nnotifier n huge map 0 1\nioreplay huge n\n",
     "pages; at most"},
};

} // namespace

TEST(Replay, NamesTheLine)
{
    EXPECT_EQ(
        replayed("target little\n\n# a comment\nflat nowhere\n"),
        "> target little\n> flat nowhere\n! 4: address space `nowhere` is "
        "unknown; make it first\n");
    EXPECT_EQ(replayed("flat mem\n"),
              "! 1: the first command is `flat`; target little|big\n");
    EXPECT_EQ(replayed(""), "");
}

TEST(Replay, RejectsWhatACallerMustNotDo)
{
    ASSERT_EQ(last_line(replayed(board)), "> efd e2");
    for (const Wrong &wrong : wrongs) {
        const std::string script = wrong.script;
        const std::string error = last_line(replayed(board + script));
        EXPECT_NE(error.find(wrong.says), std::string::npos) << script << error;
        EXPECT_NE(error.find("; "), std::string::npos) << error;
        // All of the script but its last command could be followed.
        auto lines = std::count(script.begin(), script.end(), '\n');
        EXPECT_EQ(error.rfind("! " + std::to_string(board_lines + lines), 0),
                  0u)
            << script << error;
    }
}

// Commands run by devices on the occasion of a flush, before the change that
// asked for it: the change is checked behind them.
TEST(Replay, ChecksBehindTheFlush)
{
    EXPECT_EQ(last_line(replayed(board + "on dev w 0 add other 0 flash\n" +
                                 "coal dev\npw mem 0x1000 01\n"
                                 "add root 0x2000 flash\n")),
              "! 18: `flash` is in a container; del it first");
    EXPECT_EQ(last_line(replayed(board + "on dev w 0 del root ram\n"
                                         "coal dev\npw mem 0x1000 01\n"
                                         "del root ram\n")),
              "! 18: `ram` is not in `root`; del it from its own container");
}

TEST(Replay, LimitsWhatDrawingCosts)
{
    std::string script = "target little\nregion container c0 2^64\n";
    for (int i = 1; i < 64; i++) { // each shows the one before twice
        const std::string own = std::to_string(i), last = std::to_string(i - 1);
        script += "region container c" + own + " 2^64\n";
        for (const char *side : {"a", "b"}) {
            script += "region alias " + (side + own) + " c" + last +
                      " 0 2^64\nadd c" + own + " 0 " + (side + own) + "\n";
        }
    }
    const std::string error = last_line(replayed(script + "as mem c63\n"));
    EXPECT_NE(error.find("too many regions below each other"),
              std::string::npos)
        << error;

    // An alias of what it lies in is fine: it shows itself until it is out of
    // its window.
    EXPECT_EQ(
        last_line(replayed("target little\nregion container c 0x4000\n"
                           "region alias a c 0 0x4000\n"
                           "region ram r 0x1000\nadd c 0 r\n"
                           "add c 0x1000 a\nas mem c\nfind c 0x3000 1\n")),
        "= mr=r off=0x0 addr=0x3000 size=0x1 ro=0 nv=0");
}

TEST(Replay, SkipsWhatCannotBeFollowed)
{
    ReplayOptions skip;
    skip.skip_errors = true;
    EXPECT_EQ(
        replayed("target little\ncommit\nregion ram r 1\nmapped r\n", skip),
        "> target little\n> commit\n> region ram r 1\n> mapped r\n"
        "= 0\n");
}

TEST(Replay, EndsALongTranscript)
{
    ReplayOptions small;
    small.skip_errors = true;
    small.max_transcript = 2000;
    std::string script = board;
    for (int i = 0; i < 100; i++) {
        script += "flat mem\n";
    }
    const std::string out = replayed(script, small);
    EXPECT_LT(out.size(), 2200u);
    EXPECT_NE(last_line(out).find("the transcript gets too long"),
              std::string::npos);
}

// Whether views are always drawn or only when they are looked at is invisible.
TEST(Replay, GoldenWithALateQueue)
{
    ReplayOptions late;
    late.early_queue = false;
    unsigned count = 0;
    for (const auto &entry : std::filesystem::directory_iterator(GOLDEN_DIR)) {
        if (entry.path().extension() != ".script") {
            continue;
        }
        std::ifstream file(entry.path());
        const std::string script{std::istreambuf_iterator<char>(file), {}};
        auto expect = entry.path();
        std::ifstream wanted(expect.replace_extension(".expect"));
        const std::string want{std::istreambuf_iterator<char>(wanted), {}};
        EXPECT_TRUE(replayed(script, late) == want) << entry.path().filename();
        count++;
    }
    EXPECT_GE(count, 487u);
}
