// A process that is killed while it records: what it had handed over is in the
// database after recovery, as rows that are those of a run left alone.
#include <csignal>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tests/traces/synthetic.h"

namespace
{

using namespace synthetic;

const char *const columns =
    "select rowid, time, cycle, initiator, kind, dir, va, pa, size, value, "
    "region, offset, result, wait_cycles, bus_cycles, target_cycles, blocker, "
    "pc, symbol, beats, flags from tx order by rowid";

// What the killed process tells: rows that are in its buffers.
struct Told {
    volatile uint64_t rows;
    volatile bool over;
};

Told *shared_memory()
{
    void *p = mmap(nullptr, sizeof(Told), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return static_cast<Told *>(p);
}

// Records transactions until it is killed, or `most` steps.
void record(const string &path, unsigned seed, unsigned threads, unsigned most,
            Told *told)
{
    Machine m(seed);
    Error *err = nullptr;
    TraceStore *ts = trace_open(path.c_str(), &err);
    m.describe(ts);
    trace_set_threads(ts, threads);
    m.rec = trace_recorder(ts, 0xff, true);
    for (unsigned i = 0; i < most; i++) {
        m.run(1);
        told->rows = m.tx.size();
    }
    told->over = true;
    for (;;) {
        pause();
    }
}

vector<Row> expected(unsigned seed, unsigned most)
{
    string path = temporary("whole.db");
    Machine m(seed);
    Error *err = nullptr;
    TraceStore *ts = trace_open(path.c_str(), &err);
    m.describe(ts);
    m.rec = trace_recorder(ts, 0xff, true);
    for (unsigned i = 0; i < most; i++) {
        m.run(1);
    }
    m.totals(ts);
    EXPECT_TRUE(trace_close(ts, &err)) << message(err);
    vector<Row> rows = rows_of_file(path, columns);
    unlink(path.c_str());
    return rows;
}

void kill_after(unsigned microseconds, unsigned seed, unsigned threads,
                unsigned most, const vector<Row> &whole)
{
    string path = temporary("killed.db");
    Told *told = shared_memory();
    pid_t child = fork();
    if (child == 0) {
        record(path, seed, threads, most, told);
    }
    while (!told->rows) { // it has begun
        usleep(100);
    }
    for (unsigned i = 0; i < microseconds / 100 && !told->over; i++) {
        usleep(100);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    uint64_t rows = 0;
    bool done = false;
    Error *err = nullptr;
    ASSERT_TRUE(trace_recover(path.c_str(), &rows, &done, &err))
        << message(err);
    EXPECT_TRUE(done);
    EXPECT_GE(rows, told->rows);
    vector<Row> got = rows_of_file(path, columns);
    ASSERT_EQ(rows, got.size());
    ASSERT_LE(got.size(), whole.size());
    for (size_t i = 0; i < got.size(); i++) {
        ASSERT_EQ(whole[i], got[i]) << i;
    }
    EXPECT_EQ("ok", one(path, "pragma integrity_check"));
    EXPECT_EQ(std::to_string(rows),
              one(path, "select sum(accesses) from tx_site"));
    EXPECT_EQ("0", one(path, "select value from run where key = 'complete'"));
    EXPECT_NE(0, access((path + "-tail").c_str(), F_OK));
    EXPECT_TRUE(trace_recover(path.c_str(), &rows, &done, &err));
    EXPECT_FALSE(done); // a second time there is nothing to do
    munmap(told, sizeof(*told));
    unlink(path.c_str());
}

TEST(Recover, KilledAtAnyTime)
{
    const unsigned most = 40000;
    const vector<Row> whole = expected(7, most);
    std::mt19937 random(1);
    for (unsigned i = 0; i < 12 && !HasFatalFailure(); i++) {
        SCOPED_TRACE(i);
        kill_after(random() % 60000, 7, i % 3, most, whole);
    }
}

// All that is counted of rows is what a run that was closed has.
TEST(Recover, SummariesAreThoseOfAClosedRun)
{
    string killed = temporary("summaries.db"), closed = temporary("closed.db");
    Told *told = shared_memory();
    pid_t child = fork();
    if (child == 0) {
        record(killed, 11, 1, 30000, told); // one chunk and a tail
    }
    while (!told->over) {
        usleep(100);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    uint64_t rows = 0;
    bool done = false;
    Error *err = nullptr;
    ASSERT_TRUE(trace_recover(killed.c_str(), &rows, &done, &err))
        << message(err);
    Machine m(11);
    TraceStore *ts = trace_open(closed.c_str(), &err);
    m.describe(ts);
    m.rec = trace_recorder(ts, 0xff, true);
    m.run(30000);
    m.totals(ts);
    ASSERT_TRUE(trace_close(ts, &err)) << message(err);
    ASSERT_EQ(told->rows, rows);
    for (const char *table : {"tx_site", "traffic_window", "latency_histogram",
                              "hot_address", "hot_page"}) {
        string all = string("select * from ") + table;
        vector<Row> want = rows_of_file(closed, all);
        EXPECT_LE(3u, want.size()) << table;
        EXPECT_EQ(want, rows_of_file(killed, all)) << table;
    }
    munmap(told, sizeof(*told));
    unlink(killed.c_str());
    unlink(closed.c_str());
}

TEST(Recover, RunThatEnded)
{
    string path = temporary("ended.db");
    ASSERT_TRUE(write_run(path, 5, 100));
    string before = read_file(path);
    uint64_t rows;
    bool done;
    Error *err = nullptr;
    EXPECT_TRUE(trace_recover(path.c_str(), &rows, &done, &err));
    EXPECT_FALSE(done);
    EXPECT_TRUE(before == read_file(path));
    unlink(path.c_str());
    EXPECT_FALSE(trace_recover(path.c_str(), &rows, &done, &err));
    EXPECT_NE(string::npos, message(err).find("No such file"));
}

// A tail that is not ours, or damaged: one line, or rows, never a crash.
TEST(Recover, DamagedTail)
{
    string path = temporary("tail.db"), tail = path + "-tail";
    Told *told = shared_memory();
    pid_t child = fork();
    if (child == 0) {
        record(path, 9, 0, 3000, told);
    }
    while (!told->over) {
        usleep(100);
    }
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    const char *const side[] = {"", "-wal", "-tail"};
    string good[3];
    for (unsigned i = 0; i < 3; i++) {
        good[i] = read_file(path + side[i]);
    }
    std::mt19937_64 random(2);
    unsigned recovered = 0;
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned i = 0; i < 3; i++) {
            write_file(path + side[i], good[i]);
        }
        unlink((path + "-shm").c_str());
        string bad = good[2];
        if (round % 5 == 0) {
            bad.resize(random() % bad.size());
        }
        size_t window = round % 3 == 0 ? 128 : bad.size();
        for (unsigned i = 0; i < 200 && !bad.empty(); i++) {
            // where the head, the sites, or the first records are
            size_t at = i % 2 ? random() % window : 4096 + random() % 65536;
            bad[at % bad.size()] = static_cast<char>(random());
        }
        write_file(tail, bad);
        uint64_t rows;
        bool done;
        Error *err = nullptr;
        if (trace_recover(path.c_str(), &rows, &done, &err)) {
            recovered++;
            EXPECT_EQ(std::to_string(rows),
                      one(path, "select count(*) from tx"));
        } else {
            string text = message(err);
            EXPECT_EQ(string::npos, text.find('\n')) << text;
            EXPECT_NE(string::npos, text.find(path)) << text;
        }
    }
    EXPECT_GT(recovered, 5u);
    munmap(told, sizeof(*told));
    for (const char *s : {"", "-wal", "-shm", "-tail"}) {
        unlink((path + s).c_str());
    }
}

} // namespace
