// registers_test.cc - which registers of a device no access reached.
#include <gtest/gtest.h>

#include "tests/traces/synthetic.h"

namespace
{

using namespace synthetic;

const RegName sheet[] = {
    {"CTRL", 0, 4, 0, 0, "rw", ""},         {"DATA", 4, 1, 1, 0, "w", ""},
    {"WIDE", 8, 8, 0, 0, "r", ""},          {"ARRAY", 16, 4, 4, 8, "rw", ""},
    {"BETWEEN", 20, 4, 4, 8, "r", ""},      {"TABLE", 64, 4, 1000, 0, "rw", ""},
    {nullptr, 0, 0, 0, 0, nullptr, nullptr}};

struct Access {
    uint64_t offset;
    uint32_t size;
};

// Name and how many were touched, after these accesses.
std::map<string, string> touched(const vector<Access> &accesses,
                                 bool recorded = true, string *metric = nullptr)
{
    string path = temporary("registers.db");
    Error *err = nullptr;
    Machine m(3);
    DeviceClass cls{};
    cls.name = "sheet";
    cls.registers = sheet;
    TraceStore *ts = trace_open(path.c_str(), &err);
    trace_add_initiator(ts, &m.data, "hart", "cpu0", "data");
    trace_add_region(ts, &m.gpio, "io", "main", 0x10001000, &cls);
    trace_add_region(ts, &m.uart, "io", "main", 0x10000000, m.uart_class());
    if (recorded) {
        m.rec = trace_recorder(ts, 0xff, true);
        for (const Access &a : accesses) {
            m.put(m.site_of(m.data, m.place[5], ACCESS_LOAD, DIR_READ, a.size,
                            0x20000000),
                  0, 0x10001000 + a.offset, 1, m.advance());
        }
    }
    EXPECT_TRUE(trace_close(ts, &err)) << message(err);
    std::map<string, string> result;
    for (const Row &r : rows_of_file(
             path, "select d.name, touched from device_register d join "
                   "region r on r.id = d.region_id where r.name = "
                   "'gpio0'")) {
        result[r[0]] = r[1];
    }
    if (metric) {
        string sql = one(path, "select sql from metric where name = "
                               "'registers_untouched'");
        metric->clear();
        for (const Row &r : rows_of_file(path, sql)) {
            *metric += r[0] + " " + r[1] + " " + r[3] + ";";
        }
    }
    unlink(path.c_str());
    return result;
}

using Result = std::map<string, string>;

TEST(Registers, TheSheetIsThere)
{
    string path = temporary("sheet.db");
    ASSERT_TRUE(write_run(path, 3, 10));
    EXPECT_EQ(rows_of_file(path, "select region_id, name, offset, size, "
                                 "registers, stride, access "
                                 "from device_register"),
              (vector<Row>{{"5", "DATA", "0", "4", "1", "4", "rw"},
                           {"5", "LSR", "4", "4", "1", "4", "rw"},
                           {"5", "BIG", "8", "4", "1", "4", "rw"}}));
    unlink(path.c_str());
}

TEST(Registers, ABytesAccessTouches)
{
    string metric;
    EXPECT_EQ(touched({{3, 1}, {16, 4}, {24, 4}, {25, 1}, {64 + 4 * 999, 4}},
                      true, &metric),
              (Result{{"CTRL", "1"},
                      {"DATA", "0"},
                      {"WIDE", "0"},
                      {"ARRAY", "2"},
                      {"BETWEEN", "0"},
                      {"TABLE", "1"}}));
    EXPECT_EQ("gpio0.DATA 0x4 1;gpio0.WIDE 0x8 1;gpio0.BETWEEN[] 0x14 4;",
              metric);
}

TEST(Registers, AWideAccessTouchesSeveral)
{
    EXPECT_EQ(touched({{0, 8}, {12, 8}, {20, 4}, {60, 8}, {100, 16}, {112, 4}}),
              (Result{{"CTRL", "1"},
                      {"DATA", "1"},
                      {"WIDE", "1"},
                      {"ARRAY", "1"},
                      {"BETWEEN", "1"},
                      {"TABLE", "5"}}));
}

TEST(Registers, HolesAreNone)
{
    string metric;
    EXPECT_EQ(touched({{5, 1}, {6, 2}, {48, 8}, {64 + 4000, 4}}, true, &metric),
              (Result{{"CTRL", "0"},
                      {"DATA", "0"},
                      {"WIDE", "0"},
                      {"ARRAY", "0"},
                      {"BETWEEN", "0"},
                      {"TABLE", "0"}}));
    EXPECT_EQ("", metric) << "no register of this device was accessed";
}

TEST(Registers, UnknownWithoutRecords)
{
    string metric;
    for (const auto &[name, count] : touched({}, false, &metric)) {
        EXPECT_EQ("NULL", count) << name;
    }
    EXPECT_EQ("", metric);
}

} // namespace
