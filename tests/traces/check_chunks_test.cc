// check over chunks: each thing broken in what rows are made of is named.
#include <functional>
#include <gtest/gtest.h>

#include "tests/traces/plain.h"

using namespace synthetic;

namespace
{

struct Answer {
    bool ok, failed;
    string text;
};

Answer check(const string &path)
{
    Answer a{};
    Error *err = nullptr;
    a.text = printed([&](FILE *out) {
        a.ok = trace_check(path.c_str(), false, out, &a.failed, &err);
    });
    if (!a.ok) {
        EXPECT_EQ("", a.text);
        a.text = message(err);
    }
    return a;
}

const uint64_t seed = 37;
const unsigned transactions = 700;

class CheckChunks : public testing::Test
{
  protected:
    static void SetUpTestSuite()
    {
        path = temporary("check.db");
        ASSERT_TRUE(write_run(path, seed, transactions));
    }
    static void TearDownTestSuite() { unlink(path.c_str()); }
    static string path;
};
string CheckChunks::path;

// -- tables -------------------------------------------------------------------

struct Broken {
    const char *sql, *says;
};

const Broken tables[] = {
    {"", "\n0 of 34 do not hold\n"},
    // chunks: a lost last one, and wrong zone maps
    {"update run set value = value + 1 where key = 'tx_rows'",
     "FAILED   rows numbered: tx has "},
    {"update chunk set rows = rows - 1",
     "FAILED   rows numbered: chunk 1 has "},
    {"update chunk set last_time = last_time - 1",
     "FAILED   time = cycle of its clock: chunk 1 is of "},
    {"update chunk set first_time = first_time + 1",
     "FAILED   time = cycle of its clock: chunk 1 is of "},
    // ids
    {"update site set size = size + 1 where id = 3",
     "FAILED   ids resolve: record_site "},
    {"update site set pc = pc + 2 where id = (select max(id) from site where"
     " kind_id = 0)",
     "FAILED   ids resolve: record_site "},
    {"update site set kind_id = 2 where id = (select max(id) from site where"
     " kind_id = 0)",
     "FAILED   ids resolve: record_site "},
    {"delete from site where id = (select max(id) from site where kind_id = 0)",
     "FAILED   ids resolve: record_site "},
    {"delete from initiator where id = 3", "FAILED   ids resolve: tx "},
    {"update initiator set clock_id = 1", "FAILED   time = cycle of its clock"},
    // what sites cost
    {"update record_site set costs = x'0900' || substr(costs, 3)",
     "FAILED   tx_site = rows: site "},
    {"update record_site set costs = x'0900' || substr(costs, 3)",
     "FAILED   rows = counters, bus cycles: tx +"},
    {"update record_site set costs = substr(costs, 1, 2) || x'0900' ||"
     " substr(costs, 5) where length(steps) > 0",
     "FAILED   rows = counters, target cycles: tx +"},
    {"update record_site set costs = substr(costs, 1, 14) || x'0900' ||"
     " substr(costs, 17) where length(steps) > 0",
     "FAILED   rows = counters, beats: tx +"},
    {"update record_site set steps = substr(steps, 1, 2) || x'ff00' ||"
     " substr(steps, 5) where length(steps) > 9",
     "FAILED   time per initiator: instructions of record_site "},
    {"update record_site set steps = substr(steps, 1, 8) || x'03' ||"
     " substr(steps, 10) where length(steps) > 0",
     "FAILED   ids resolve: record_site "},
    {"update record_site set steps = substr(steps, 1, length(steps) - 9)"
     " where length(steps) > 9",
     "FAILED   tx_site = rows: "},
    {"update tx_site set bytes = bytes + 1 where site = 3",
     "FAILED   tx_site = rows: site 3 "},
    {"update tx_site set beats = beats + 1 where site = 4",
     "FAILED   tx_site = rows: site 4 "},
    // devices
    {"delete from mmio_row where rowid = 4", "FAILED   mmio = rows: mmio has "},
    {"update mmio_row set tx = tx + 1 where rowid = 4",
     "FAILED   mmio = rows: a row "},
    {"update mmio_row set tx = tx - 1 where rowid = (select max(rowid) from"
     " mmio_row)",
     "FAILED   mmio = rows: a row "},
    {"update mmio_row set value = value + 1 where rowid = 5",
     "FAILED   mmio = rows: a row "},
    {"update mmio_row set time = time + 1 where rowid = 6",
     "FAILED   mmio = rows: a row "},
    {"update region set type = 'ram' where id = 5", "FAILED   mmio = rows: "},
};

TEST_F(CheckChunks, NamesWhatIsBrokenInTables)
{
    for (const Broken &b : tables) {
        Copy copy(path, b.sql);
        ASSERT_EQ("", copy.error);
        Answer a = check(copy.path);
        EXPECT_NE(string::npos, a.text.find(b.says)) << b.sql << "\n" << a.text;
    }
}

// -- records ------------------------------------------------------------------

// Changes the records of the only chunk.
void edit(const string &path,
          const std::function<void(vector<MemoryRecord> &)> &change)
{
    sqlite3 *db = nullptr;
    sqlite3_open(path.c_str(), &db);
    Error *err = nullptr;
    TraceReader *reader = reader_new(db);
    ReaderRecords got{};
    ASSERT_TRUE(reader_refresh(reader, &err)) << message(err);
    ASSERT_EQ(1u, reader->chunks);
    ASSERT_TRUE(reader_load(reader, &reader->chunk[0], CODEC_ALL, &got, &err));
    vector<MemoryRecord> r(got.record, got.record + got.records);
    change(r);
    vector<CodecSite> sites(reader->record_site.count);
    for (uint32_t id = 0; id < sites.size(); id++) {
        const RowSite *s = row_site(&reader->record_site, id);
        sites[id].kind = s && s->steps ? CODEC_RUN : CODEC_READ;
        sites[id].size = 4;
    }
    const void *blob;
    size_t len = codec_encode(reader->codec, r.data(), r.size(), sites.data(),
                              static_cast<uint32_t>(sites.size()), &blob);
    sqlite3_stmt *stmt = nullptr;
    sqlite3_prepare_v2(db, "update chunk_data set body = ?", -1, &stmt,
                       nullptr);
    sqlite3_bind_blob(stmt, 1, blob, static_cast<int>(len), SQLITE_STATIC);
    EXPECT_EQ(SQLITE_DONE, sqlite3_step(stmt));
    sqlite3_finalize(stmt);
    string sql = "update chunk set records = " + std::to_string(r.size());
    sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr);
    free(got.record);
    reader_free(reader);
    sqlite3_close(db);
}

// The first record from `from` on for which `is` holds.
MemoryRecord &find(vector<MemoryRecord> &r, size_t from,
                   const std::function<bool(const MemoryRecord &)> &is)
{
    for (size_t i = from; i < r.size(); i++) {
        if (is(r[i])) {
            return r[i];
        }
    }
    ADD_FAILURE() << "no such record";
    return r[0];
}

bool timing(const MemoryRecord &r)
{
    return r.site == RECORD_TIMING;
}

bool beat(const MemoryRecord &r)
{
    return r.site == RECORD_BEAT;
}

bool head(const MemoryRecord &r)
{
    return r.site < RECORD_SITE_MAX && (r.info & RECORD_HAS_TIMING);
}

using Records = vector<MemoryRecord>;
const struct {
    const char *what;
    void (*change)(Records &r);
    const char *says;
} records[] = {
    {"nothing", [](Records &) {}, "\n0 of 34 do not hold\n"},
    {"lost last", [](Records &r) { r.resize(r.size() - 20); },
     "FAILED   rows numbered: chunk 1 has "},
    {"back in time", [](Records &r) { find(r, r.size() / 2, head).cycle = 3; },
     "FAILED   time per initiator: tx "},
    {"earlier than said", [](Records &r) { find(r, 0, head).cycle = 3; },
     "FAILED   time = cycle of its clock: chunk 1 "},
    {"who blocked", [](Records &r) { find(r, 0, timing).info = 999; },
     "FAILED   ids resolve: tx "},
    {"blocked and did not wait",
     [](Records &r) {
         MemoryRecord &t = find(r, 0, timing);
         t.info = 2;
         t.address &= 0xffffffff;
     },
     "FAILED   wait + bus + target: tx "},
    {"endless", [](Records &r) { find(r, 0, timing).value = 1ull << 63; },
     "FAILED   wait + bus + target: tx "},
    {"waited", [](Records &r) { find(r, 0, timing).address += 1ull << 32; },
     "FAILED   rows = counters, wait cycles: tx +1 "},
    {"failed",
     [](Records &r) {
         find(r, 0, [](const MemoryRecord &x) {
             return head(x) && !(x.info & RECORD_RESULT_MASK);
         }).info |= 1;
     },
     "FAILED   rows = counters, errors: tx +1 "},
    {"number of beats", [](Records &r) { find(r, 0, timing).cycle++; },
     "FAILED   beats of every tx: "},
    {"a beat less",
     [](Records &r) { r.erase(r.begin() + (&find(r, 0, beat) - r.data())); },
     "FAILED   beats of every tx: "},
    {"a beat's bytes",
     [](Records &r) {
         for (MemoryRecord &x : r) {
             x.info += beat(x);
         }
     },
     "FAILED   bytes of beats: "},
    {"all bytes", [](Records &r) { find(r, 0, beat).info++; },
     "FAILED   bytes moved: "},
    {"cycles of a transaction",
     [](Records &r) {
         for (MemoryRecord &x : r) { // those that were recorded cost more
             x.value += timing(x) && x.cycle == 1;
         }
     },
     "FAILED   rows = counters, target cycles: tx +"},
    {"where a beat went",
     [](Records &r) {
         find(r, 0, [](const MemoryRecord &x) {
             return x.site == RECORD_PLACE;
         }).value = 777;
     },
     "FAILED   beats resolve: a beat of tx "},
    {"a run's length",
     [](Records &r) {
         find(r, 0, [](const MemoryRecord &x) {
             return x.site < RECORD_SITE_MAX && x.value >> 32 > 1 &&
                    x.value >> 32 < 100 && (x.value & 0xffffffff) == 0;
         }).value -= 1ull << 32;
     },
     "FAILED   rows numbered: chunk 1 has "},
};

TEST_F(CheckChunks, NamesWhatIsBrokenInRecords)
{
    for (const auto &b : records) {
        Copy copy(path);
        edit(copy.path, b.change);
        Answer a = check(copy.path);
        EXPECT_NE(string::npos, a.text.find(b.says)) << b.what << "\n"
                                                     << a.text;
    }
}

// A row's number inside a fetch run is the one tx says.
TEST_F(CheckChunks, NumbersOfRows)
{
    Copy copy(path);
    edit(copy.path, [](Records &r) {
        for (MemoryRecord &x : r) {
            x.info = timing(x) ? 999 : x.info;
        }
    });
    string first = one(copy.path, "select rowid from tx where blocker_id = 999"
                                  " limit 1");
    EXPECT_NE(string::npos,
              check(copy.path).text.find("ids resolve: tx " + first +
                                         " waited for initiator 999"));
}

// The same of accesses that lie between instructions: memory made a device.
TEST_F(CheckChunks, NumbersOfAccessesInRuns)
{
    Copy copy(path, "update region set type = 'io' where name = 'ram'");
    sqlite3 *db = nullptr;
    sqlite3_open(copy.path.c_str(), &db);
    vtab_register(db);
    rows_of(db, "delete from mmio_row");
    rows_of(db, "insert into mmio_row select t.rowid, site, time, cycle,"
                " offset, value, 0, null from tx t join region r on r.id ="
                " region_id where r.type = 'io' and t.kind <> 'fetch'");
    sqlite3_close(db);
    EXPECT_LT(200, std::stoi(one(copy.path, "select count(*) from mmio_row")));
    string text = check(copy.path).text;
    EXPECT_NE(string::npos, text.find("ok       mmio = rows\n")) << text;
}

TEST_F(CheckChunks, Damaged)
{
    Copy data(path, "update chunk_data set body = zeroblob(500)");
    EXPECT_NE(string::npos, check(data.path).text.find("chunk: codec 0x"));
    Copy none(path, "delete from chunk_data");
    EXPECT_NE(string::npos, check(none.path).text.find("has no data"));
    Copy site(path, "delete from record_site where id ="
                    " (select max(id) from record_site)");
    EXPECT_NE(string::npos, check(site.path).text.find(
                                ": chunk 1: a record of no known site; the "
                                "database is damaged"));
}

} // namespace
