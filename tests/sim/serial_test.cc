// serial_test.cc - backends and console scripts.

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <random>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/serial.h"
#include "tests/sim/machine_kit.h"

using namespace kit;

namespace
{

class Serial : public testing::Test
{
  protected:
    void SetUp() override
    {
        char name[] = "/tmp/serial_test_XXXXXX";
        ASSERT_NE(mkdtemp(name), nullptr);
        dir = name;
    }
    void TearDown() override
    {
        for (const char *f : {"script", "out", "copy"}) {
            unlink(path(f).c_str());
        }
        rmdir(dir.c_str());
    }
    std::string path(const std::string &name) const { return dir + "/" + name; }
    void write(const std::string &text) const
    {
        std::ofstream(path("script"), std::ios::binary) << text;
    }
    static std::string read(const std::string &name)
    {
        std::stringstream s;
        s << std::ifstream(name, std::ios::binary).rdbuf();
        return s.str();
    }
    // The message a script or spec is refused with; "" when it is taken.
    static std::string refuse(Kit &k, const std::vector<std::string> &specs)
    {
        std::vector<const char *> text;
        for (const std::string &s : specs) {
            text.push_back(s.c_str());
        }
        Error *err = nullptr;
        SerialSet *set = serial_new(k.m, text.data(),
                                    static_cast<unsigned>(text.size()), &err);
        std::string message = err ? error_message(err) : "";
        EXPECT_EQ(set == nullptr, err != nullptr);
        error_free(err);
        serial_free(set);
        return message;
    }

    struct Played {
        Outcome outcome;
        std::string complaint, console;
    };
    // Plays a script, against the echo program unless there is another.
    Played play(const std::string &script, bool slow = false,
                const Code &code = echo(), uint64_t until = PS_PER_SECOND / 10)
    {
        write(script);
        Kit k(board(one_cpu), code, slow);
        EXPECT_EQ(k.error, "");
        std::string spec = "script:" + path("script");
        const char *const specs[] = {spec.c_str()};
        Error *err = nullptr;
        testing::internal::CaptureStdout();
        SerialSet *set = serial_new(k.m, specs, 1, &err);
        EXPECT_EQ(err, nullptr) << error_message(err);
        Played p = {};
        if (set) {
            p.outcome = k.run(until);
            serial_flush(set);
            if (!serial_check(set, &err)) {
                p.complaint = error_message(err);
                error_free(err);
            }
        }
        serial_free(set);
        fflush(stdout);
        p.console = testing::internal::GetCapturedStdout();
        return p;
    }

    std::string dir;
};

} // namespace

// -- scripts ------------------------------------------------------------------

TEST_F(Serial, SendAndExpect)
{
    Played p = play("# a comment\n"
                    "\n"
                    "  send hello\\n\n"
                    "expect hello\\n\n"
                    "wait 1ms\r\n"
                    "send \\x41\\t\\\\\\r\n"
                    "expect A\\t\\\\\\r\n"
                    "send q\n");
    EXPECT_EQ(p.complaint, "");
    EXPECT_EQ(p.outcome.stop, MACHINE_FINISHED);
    EXPECT_EQ(p.outcome.status, 5);
    EXPECT_EQ(p.console, "hello\nA\t\\\rq");
    EXPECT_GT(p.outcome.time, PS_PER_SECOND / 1000);
    EXPECT_LT(p.outcome.time, PS_PER_SECOND / 500);
}

TEST_F(Serial, QuitEndsTheRunWithStatus0)
{
    Played p = play("send abc\nexpect bc\nquit\nexpect never\n");
    EXPECT_EQ(p.complaint, "");
    EXPECT_EQ(p.outcome.stop, MACHINE_FINISHED);
    EXPECT_EQ(p.outcome.status, 0);
}

TEST_F(Serial, ExpectFindsWhatCameWhileItWaited)
{
    Played p = play("send one two\nwait 5ms\nexpect one\nexpect two\nquit\n");
    EXPECT_EQ(p.complaint, "");
    p = play("send one two\nwait 5ms\nexpect two\ntimeout 1ms\nexpect one\n");
    EXPECT_NE(p.complaint, ""); // what was before a match is gone
}

TEST_F(Serial, EachByteIsMatchedOnce)
{
    for (std::string between : {"", "wait 2ms\n"}) {
        Played p =
            play("timeout 1ms\nsend ab\n" + between + "expect ab\nexpect ab\n");
        EXPECT_NE(p.complaint.find("\"ab\" did not come"), std::string::npos)
            << p.complaint;
    }
}

TEST_F(Serial, AnAnswerLeavesWhenItsQuestionWasComplete)
{
    // 200 questions and answers without a wait take no time of their own.
    std::string script;
    for (int i = 0; i < 200; i++) {
        script += "send ?\nexpect ?\n";
    }
    Played p = play(script + "send q\n");
    EXPECT_EQ(p.complaint, "");
    EXPECT_LT(p.outcome.time, 201 * 60 * 20000u); // 60 cycles each
}

TEST_F(Serial, ExpectFindsATextThatBeginsTwice)
{
    Played p = play("send aaab\nexpect aab\nsend xyxyz\nexpect xyz\nquit\n");
    EXPECT_EQ(p.complaint, "");
}

TEST_F(Serial, TimeoutIsSimulatedTimeAndNamesTheLine)
{
    Played p = play("timeout 3ms\nsend abc\nexpect abd\n");
    EXPECT_NE(p.complaint.find(path("script") + ":3: \"abd\" did not come"),
              std::string::npos)
        << p.complaint;
    EXPECT_NE(p.complaint.find("0.003 s"), std::string::npos) << p.complaint;
    EXPECT_NE(p.complaint.find("\"abc\""), std::string::npos) << p.complaint;
    EXPECT_EQ(p.outcome.stop, MACHINE_FINISHED);
    EXPECT_EQ(p.outcome.status, 1);
    EXPECT_GE(p.outcome.time, 3 * (PS_PER_SECOND / 1000));
    EXPECT_LT(p.outcome.time, 4 * (PS_PER_SECOND / 1000));
}

TEST_F(Serial, TimeoutPresetIsTenSeconds)
{
    Played p = play("wait 1s\nexpect never\n", false, Code{wfi, j(-4)},
                    60 * PS_PER_SECOND);
    EXPECT_NE(p.complaint, "");
    EXPECT_GE(p.outcome.time, 11 * PS_PER_SECOND);
    EXPECT_LT(p.outcome.time, 11 * PS_PER_SECOND + PS_PER_SECOND / 1000);
}

TEST_F(Serial, AnEndBeforeAnExpectationIsAComplaint)
{
    Played p = play("send q\nexpect q\nwait 1ms\nexpect more\n");
    EXPECT_NE(p.complaint.find(":4: the run ended before \"more\" came"),
              std::string::npos)
        << p.complaint;
}

TEST_F(Serial, SameScriptSameRun)
{
    std::mt19937 random(5);
    for (int i = 0; i < 5; i++) {
        std::string script;
        for (int n = 0; n < 8; n++) {
            std::string word;
            for (unsigned c = random() % 40 + 1; c > 0; c--) {
                word += static_cast<char>('a' + random() % 16);
            }
            script += "send " + word + "\n";
            if (random() % 2) {
                script += "wait " + std::to_string(random() % 900 + 1) + "us\n";
            }
            script += "expect " + word + "\n";
        }
        script += "send q\n";
        Played a = play(script), b = play(script), slow = play(script, true);
        EXPECT_EQ(a.complaint, "");
        EXPECT_EQ(a.outcome.stop, MACHINE_FINISHED);
        EXPECT_EQ(a.outcome, b.outcome);
        EXPECT_EQ(a.outcome, slow.outcome);
    }
}

TEST_F(Serial, SyntaxErrorsNameTheirLine)
{
    Kit k(board(one_cpu), echo());
    struct {
        const char *text, *complaint;
    } cases[] = {
        {"expct a\n",
         ":1: unknown command \"expct\"; did you mean \"expect\"?"},
        {"# c\nsend\n", ":2: send what? write send TEXT"},
        {"expect \n", ":1: expect what?"},
        {"send \\q\n", ":1: no such escape \\q"},
        {"send a\\\n", ":1: no such escape"},
        {"send \\x4\n", ":1: \\x takes two hexadecimal digits"},
        {"send \\x", ":1: \\x takes two hexadecimal digits"},
        {"\n\nwait 5\n", ":3: wait"},
        {"timeout soon\n", ":1: timeout"},
        {"quit 3\n", ":1: quit takes nothing"},
    };
    for (auto &c : cases) {
        write(c.text);
        std::string message = refuse(k, {"script:" + path("script")});
        EXPECT_EQ(message.rfind(path("script") + ":", 0), 0u) << message;
        EXPECT_NE(message.find(c.complaint), std::string::npos)
            << c.text << message;
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
}

TEST_F(Serial, AnyBytesAreAScriptOrAnError)
{
    Kit k(board(one_cpu), echo());
    std::mt19937 random(6);
    const char *const words[] = {"expect ", "send ", "wait ", "\\x",
                                 "\\",      "1ms",   "\n",    "timeout ",
                                 "quit",    "\0",    "\xff",  "#"};
    for (int i = 0; i < 300; i++) {
        std::string text;
        for (unsigned n = random() % 30; n > 0; n--) {
            text += words[random() % 12];
        }
        write(text);
        std::string message = refuse(k, {"script:" + path("script")});
        EXPECT_EQ(message.find('\n'), std::string::npos);
    }
}

// -- backends -------------------------------------------------------------

TEST_F(Serial, BadSpecsSayWhatIsRight)
{
    Kit k(board(one_cpu), echo());
    EXPECT_NE(refuse(k, {"stdoi"}).find("stdio"), std::string::npos);
    EXPECT_NE(refuse(k, {"stdio:x"}).find("no backend"), std::string::npos);
    EXPECT_NE(refuse(k, {"file:"}).find("write file:FILE"), std::string::npos);
    EXPECT_NE(refuse(k, {"file"}).find("write file:FILE"), std::string::npos);
    EXPECT_NE(refuse(k, {""}).find("no backend"), std::string::npos);
    EXPECT_NE(refuse(k, {"uart7=null"}).find("did you mean \"uart0\""),
              std::string::npos);
    EXPECT_NE(refuse(k, {"null", "null"}).find("no serial device is left"),
              std::string::npos);
    EXPECT_NE(refuse(k, {"uart0=null", "uart0=null"}).find("already"),
              std::string::npos);
    EXPECT_NE(refuse(k, {"file:" + dir}).find("cannot write"),
              std::string::npos);
    EXPECT_NE(refuse(k, {"script:" + path("none")}).find("cannot read"),
              std::string::npos);
    EXPECT_NE(refuse(k, {"script:" + dir}).find("not a script"),
              std::string::npos);
    EXPECT_EQ(refuse(k, {"null"}), "");
}

TEST_F(Serial, FileGetsEveryByteAndTheCopyToo)
{
    for (std::string spec : {"file:", "uart0=file:"}) {
        Kit k(board(one_cpu), chatter(3));
        spec += path("out");
        const char *const specs[] = {spec.c_str()};
        SerialSet *set = serial_new(k.m, specs, 1, nullptr);
        ASSERT_NE(set, nullptr);
        FILE *copy = fopen(path("copy").c_str(), "wb");
        serial_copy(set, copy);
        k.run(PS_PER_SECOND / 5000);
        EXPECT_TRUE(serial_flush(set));
        std::string out = read(path("out"));
        EXPECT_EQ(out.substr(0, 3), "abc");
        EXPECT_GT(out.size(), 100u);
        EXPECT_EQ(read(path("copy")), out);
        serial_free(set);
        fclose(copy);
    }
}

TEST_F(Serial, EachDeviceHasItsBackend)
{
    // uart0 is silent, so the file of the second spec is uart1's.
    Kit k(board(one_cpu, "  - {name: uart1, type: ns16550a, bus: main, at: "
                         "0x11000000}\n"),
          li(s0, 0x11000000) + li(a0, 'Z') + Code{sb(a0, 0, s0)} + finish(0));
    std::string spec = "file:" + path("out");
    const char *const specs[] = {"null", spec.c_str()};
    SerialSet *set = serial_new(k.m, specs, 2, nullptr);
    ASSERT_NE(set, nullptr);
    k.run();
    serial_free(set);
    EXPECT_EQ(read(path("out")), "Z");
}

TEST_F(Serial, NoSerialDeviceIsFineUntilOneIsWanted)
{
    Kit k("version: 1\nclock: 1MHz\nbuses: {main: {width: 32}}\n");
    ASSERT_EQ(k.error, "");
    EXPECT_EQ(refuse(k, {}), "");
    EXPECT_NE(refuse(k, {"stdout"}), "");
}
