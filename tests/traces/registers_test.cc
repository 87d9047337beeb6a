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

const RegName fielded[] = {{"CTRL", 0, 4, 0, 0, "rw", ""},
                           {"CH", 16, 4, 2, 16, "rw", ""},
                           {"WIDE", 8, 8, 0, 0, "rw", ""},
                           {nullptr, 0, 0, 0, 0, nullptr, nullptr}};
const FieldName fields[] = {
    {"CTRL", "GO", 0, 1, "rw", "off|on", ""},
    {"CTRL", "MODE", 8, 3, "rw", "|one||three", ""},
    {"CTRL", "KEY", 16, 16, "w", nullptr, ""},
    {"CTRL", "STATE", 16, 2, "r", nullptr, ""},
    {"CH", "N", 0, 4, "rw", nullptr, ""},
    {"WIDE", "HIGH", 32, 32, "rw", nullptr, ""},
    {"WIDE", "ALL", 0, 64, "r", nullptr, ""},
    {nullptr, nullptr, 0, 0, nullptr, nullptr, nullptr}};

struct Poke {
    bool write;
    uint64_t offset;
    uint32_t size;
    uint64_t value;
};

// The rows of a query over a run with these accesses.
vector<Row> after(const vector<Poke> &pokes, const string &sql)
{
    string path = temporary("fields.db");
    Error *err = nullptr;
    Machine m(3);
    DeviceClass cls{};
    cls.name = "sheet";
    cls.registers = fielded;
    cls.fields = fields;
    TraceStore *ts = trace_open(path.c_str(), &err);
    trace_add_initiator(ts, &m.data, "hart", "cpu0", "data");
    trace_add_region(ts, &m.gpio, "io", "main", 0x10001000, &cls);
    m.rec = trace_recorder(ts, 0xff, true);
    for (const Poke &p : pokes) {
        m.put(m.site_of(m.data, m.place[5],
                        p.write ? ACCESS_STORE : ACCESS_LOAD,
                        p.write ? DIR_WRITE : DIR_READ, p.size, 0x20000000),
              0, 0x10001000 + p.offset, p.value, m.advance());
    }
    EXPECT_TRUE(trace_close(ts, &err)) << message(err);
    vector<Row> rows = rows_of_file(path, sql);
    unlink(path.c_str());
    return rows;
}

TEST(Fields, AccessesSayWhatTheyMean)
{
    auto rows = after({{true, 0, 4, 0x12340101},
                       {false, 0, 4, 0x00030301},
                       {true, 1, 1, 7},
                       {true, 0, 2, 0x0300},
                       {true, 32, 4, 0x1f},
                       {false, 8, 8, UINT64_MAX - 1},
                       {false, 12, 4, 5},
                       {true, 0x40, 4, 1}},
                      "select fields from mmio order by tx");
    EXPECT_EQ(rows, (vector<Row>{{"KEY=4660 MODE=one GO=on"},
                                 {"STATE=3 MODE=three GO=on"},
                                 {"MODE=7"},
                                 {"MODE=three GO=off"},
                                 {"N=15"},
                                 {"HIGH=4294967295 ALL=-2"},
                                 {"HIGH=5"},
                                 {"NULL"}}));
}

TEST(Fields, WhatTheyWereBefore)
{
    vector<Poke> pokes = {
        {true, 0, 4, 0x00010001}, {false, 0, 4, 0x00020100},
        {true, 0, 4, 0x00010101}, {true, 16, 4, 3}, // CH[0]
        {true, 32, 4, 5},                           // CH[1]
        {true, 16, 4, 4},
    };
    EXPECT_EQ(after(pokes,
                    "select register || '.' || field, dir, before, value,"
                    " meaning from mmio_field where tx > 2 order by tx,"
                    " field"),
              (vector<Row>{{"CTRL.GO", "w", "0", "1", "on"},
                           {"CTRL.KEY", "w", "1", "1", "1"},
                           {"CTRL.MODE", "w", "1", "1", "one"},
                           {"CH[0].N", "w", "NULL", "3", "3"},
                           {"CH[1].N", "w", "NULL", "5", "5"},
                           {"CH[0].N", "w", "3", "4", "4"}}));
    EXPECT_EQ(after(pokes, "select register || '.' || field, writes, changes,"
                           " last_before, last_value from field_change"
                           " except select register || '.' || field, count(*),"
                           " coalesce(sum(before <> value), 0),"
                           " max(iif(before <> value, before, null)),"
                           " max(iif(before <> value, value, null))"
                           " from mmio_field where dir = 'w' group by 1")
                  .size(),
              0u);
    string sql = after({}, "select sql from metric where name ="
                           " 'register_fields'")[0][0];
    EXPECT_EQ(after(pokes, sql),
              (vector<Row>{{"gpio0.CH[0].N", "2", "1", "3->4"},
                           {"gpio0.CTRL.GO", "2", "1", "0->1"},
                           {"gpio0.CTRL.KEY", "2", "0", "NULL"},
                           {"gpio0.CTRL.MODE", "2", "0", "NULL"},
                           {"gpio0.CH[1].N", "1", "0", "NULL"}}));
}

} // namespace
