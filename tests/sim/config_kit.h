// config_kit.h - loads descriptions, and lists what came of them.
#ifndef TESTS_SIM_CONFIG_KIT_H
#define TESTS_SIM_CONFIG_KIT_H

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "sim/config.h"

namespace config_kit
{

using ConfigPtr = std::unique_ptr<Config, void (*)(Config *)>;

struct Result {
    ConfigPtr cfg{nullptr, config_free};
    std::string error;
};

inline std::vector<const char *> pointers(const std::vector<std::string> &set)
{
    std::vector<const char *> p;
    for (const auto &s : set) {
        p.push_back(s.c_str());
    }
    p.push_back(nullptr);
    return p;
}

inline Result finish(Config *cfg, Error *err)
{
    Result r;
    r.cfg.reset(cfg);
    EXPECT_EQ(cfg == nullptr, err != nullptr);
    if (err) {
        r.error = error_message(err);
        EXPECT_EQ(r.error.find('\n'), std::string::npos) << r.error;
        error_free(err);
    }
    return r;
}

inline Result parse(const std::string &text,
                    const std::vector<std::string> &set = {})
{
    Error *err = nullptr;
    auto p = pointers(set);
    Config *cfg =
        config_parse(text.data(), text.size(), "t.yaml", p.data(), &err);
    return finish(cfg, err);
}

inline Result load(const std::string &path,
                   const std::vector<std::string> &set = {})
{
    Error *err = nullptr;
    auto p = pointers(set);
    Config *cfg = config_load(path.c_str(), p.data(), &err);
    return finish(cfg, err);
}

inline std::string board(const std::string &name)
{
    return std::string(SOURCE_DIR "/configs/") + name + ".yaml";
}

inline std::string text_of(const Config *cfg)
{
    char *text = config_text(cfg);
    std::string s = text;
    free(text);
    return s;
}

// A flat listing of every field, so that two Configs compare as strings. Pins
// and parameters are listed by name: independent of config_text's syntax.
inline std::string listing(const Config *c)
{
    std::ostringstream o;
    auto waits = [&](const ConfigWaits &w) {
        o << " w" << w.read_first << "," << w.read_next << "," << w.write_first
          << "," << w.write_next;
    };
    auto cache = [&](const ConfigCache &k) {
        const L1Config &l = k.l1;
        o << " cache " << k.there << " " << l.size << " " << l.ways << " "
          << l.line << " " << l.replacement << " " << l.seed << " "
          << l.write_through << " " << l.write_allocate << " "
          << l.keep_on_fence_i << " " << l.hit << " " << l.fill_overhead << " "
          << l.writeback_overhead;
        for (uint32_t i = 0; i < l.uncacheds; i++) {
            o << " " << l.uncached[i].first << "-" << l.uncached[i].last;
        }
    };
    o << c->name << " " << c->clock_hz << " " << c->quantum_ps << " "
      << c->unmapped_fault << "\n";
    for (unsigned i = 0; i < c->cpus; i++) {
        const ConfigCpu &p = c->cpu[i];
        o << "cpu " << p.name << " " << p.isa_text << " " << p.isa.xlen << " "
          << p.isa.extensions << " " << p.profile->name << " " << p.clock_hz
          << " " << p.reset << " " << p.bus << " " << p.fetch << " "
          << p.misaligned << " " << p.mmu << " " << p.hardware_ad << " "
          << p.pmp << " " << p.priority;
        cache(p.icache);
        cache(p.dcache);
        o << "\n";
    }
    for (unsigned i = 0; i < c->buses; i++) {
        const ConfigBus &b = c->bus[i];
        o << "bus " << b.name << " " << b.width << " " << b.clock_hz << " "
          << b.arbitration << " " << b.overhead << " " << b.untimed;
        waits(b.waits);
        o << "\n";
    }
    for (unsigned i = 0; i < c->memories; i++) {
        const ConfigMemory &m = c->memory[i];
        o << "memory " << m.name;
        for (const char **bus = m.bus; *bus; bus++) {
            o << " @" << *bus;
        }
        o << " " << m.address << " " << m.size << " " << m.rom << " "
          << m.priority << " " << m.overlap << " " << (m.file ? m.file : "-");
        waits(m.waits);
        o << "\n";
    }
    for (unsigned i = 0; i < c->devices; i++) {
        const ConfigDevice &d = c->device[i];
        o << "device " << d.name << " " << d.cls->name << " " << d.bus << " "
          << d.address << " " << d.priority << " " << d.overlap;
        waits(d.waits);
        for (unsigned j = 0; j < d.params; j++) {
            const ConfigParam &p = d.param[j];
            o << " " << p.spec->name << "=" << p.number << "/"
              << (p.text ? p.text : "-");
        }
        for (unsigned j = 0; j < d.wires; j++) {
            const ConfigWire &w = d.wire[j];
            o << " " << w.pin->name << "[" << w.index << "]->" << w.target
              << "." << w.line;
        }
        o << "\n";
    }
    return o.str();
}

inline void expect_round_trip(const Config *cfg)
{
    std::string text = text_of(cfg);
    Result again = parse(text);
    ASSERT_TRUE(again.cfg) << again.error << "\n" << text;
    EXPECT_EQ(listing(cfg), listing(again.cfg.get()));
    EXPECT_EQ(text, text_of(again.cfg.get()));
}

inline const ConfigDevice *device(const Config *cfg, const std::string &name)
{
    for (unsigned i = 0; i < cfg->devices; i++) {
        if (name == cfg->device[i].name) {
            return &cfg->device[i];
        }
    }
    return nullptr;
}

inline const ConfigMemory *memory(const Config *cfg, const std::string &name)
{
    for (unsigned i = 0; i < cfg->memories; i++) {
        if (name == cfg->memory[i].name) {
            return &cfg->memory[i];
        }
    }
    return nullptr;
}

inline std::string read_file(const std::string &path)
{
    std::ifstream in(path);
    std::stringstream s;
    s << in.rdbuf();
    return s.str();
}

// A folder of files that goes away.
struct Folder {
    std::string path;
    std::vector<std::string> files;
    Folder()
    {
        char name[] = "/tmp/config_testXXXXXX";
        path = mkdtemp(name);
    }
    ~Folder()
    {
        for (const auto &f : files) {
            unlink(f.c_str());
        }
        rmdir(path.c_str());
    }
    std::string add(const std::string &name, const std::string &text)
    {
        std::string full = path + "/" + name;
        std::ofstream(full) << text;
        files.push_back(full);
        return full;
    }
};

// Line 1: version. Line 2: clock. Line 3: buses. Then what a test adds.
inline const char *const HEAD =
    "version: 1\nclock: 1MHz\nbuses: {main: {width: 32}}\n";

} // namespace config_kit
#endif
