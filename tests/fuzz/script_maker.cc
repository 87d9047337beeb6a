// script_maker.cc - bytes as a script.
//
// Model    A byte picks a command, further bytes its words, mostly among names
//          that exist and places where something may be. What the language or
//          the API forbid is not avoided here: such a command is left out by
//          the replay.
#include "tests/fuzz/script_maker.h"

#include <cinttypes>
#include <cstdio>
#include <initializer_list>
#include <vector>

namespace
{

enum { MOST_COMMANDS = 200 };

typedef std::vector<std::string> Names;

class Maker
{
  public:
    Maker(const uint8_t *data, size_t size) : m_at(data), m_end(data + size) {}
    std::string script();

  private:
    unsigned pick(unsigned count); // 0 .. count - 1; 0 behind the end
    bool maybe(unsigned one_in) { return pick(one_in) == one_in - 1; }
    std::string of(const Names &names);
    std::string choice(std::initializer_list<const char *> words);
    std::string number(uint64_t value);
    std::string region_size();
    std::string place();  // in a space or a large container
    std::string offset(); // in a region
    std::string length();
    std::string access() { return choice({"1", "2", "4", "8"}); }
    std::string bytes(unsigned most);
    std::string attrs();
    std::string fresh(const char *prefix, Names *names);
    std::string device_options();

    void line(std::initializer_list<std::string> words);
    void command();
    void made();
    void tree();
    void space();
    void access_space();
    void access_region();
    void window();
    void look();
    void dirty();
    void posted();
    void event();
    void iommu();
    void hook();

    const uint8_t *m_at, *m_end;
    std::string m_text;
    Names m_regions, m_containers, m_devices, m_memories, m_iommus, m_aliases;
    Names m_spaces, m_listeners, m_events, m_notifiers, m_maps, m_caches;
    Names m_bindings;
    unsigned m_names = 0;
    bool m_in_hook = false;
};

// -- words

unsigned Maker::pick(unsigned count)
{
    return m_at == m_end ? 0 : *m_at++ % count;
}

std::string Maker::of(const Names &names)
{
    return names.empty() ? "nothing"
                         : names[pick(static_cast<unsigned>(names.size()))];
}

std::string Maker::choice(std::initializer_list<const char *> words)
{
    return words.begin()[pick(static_cast<unsigned>(words.size()))];
}

std::string Maker::number(uint64_t value)
{
    char word[24];
    snprintf(word, sizeof(word), "0x%" PRIx64, value);
    return word;
}

std::string Maker::region_size()
{
    return choice({"0x1000", "0x2000", "0x4000", "0x10000", "0x10", "0x100",
                   "0x1001", "0xfff", "0x123", "0x1", "0x800", "0x41000",
                   "2^64", "0x0", "0xfffffffffffff000", "0x8000"});
}

std::string Maker::place()
{
    unsigned page = pick(32);
    uint64_t base = page < 24 ? page * UINT64_C(0x800)
                              : UINT64_C(0) - (32 - page) * UINT64_C(0x1000);
    const uint64_t into[] = {0, 0, 0, 1, 4, 8, 0xffc, 0x7fe};
    return number(base + into[pick(8)]);
}

std::string Maker::offset()
{
    const uint64_t offsets[] = {0,    1,     2,     4,      8,      0xc,
                                0x10, 0x7fe, 0x800, 0xffe,  0x1000, 0x1800,
                                0x20, 6,     3,     0x40000};
    return number(offsets[pick(16)]);
}

std::string Maker::length()
{
    const uint64_t lengths[] = {4,    8,    1,     2,     16,     7,
                                0x21, 0x40, 0x400, 0x800, 0x1000, 0x1001,
                                0,    3,    0x200, 0x4000};
    return number(lengths[pick(16)]);
}

std::string Maker::bytes(unsigned most)
{
    std::string word;
    for (unsigned left = 1 + pick(most); left; left--) {
        char two[3];
        snprintf(two, sizeof(two), "%02x", pick(256));
        word += two;
    }
    return word;
}

std::string Maker::attrs()
{
    return choice(
        {"", "", "", "", " sec", " user", " rid=7", " sec user rid=0xffff"});
}

std::string Maker::fresh(const char *prefix, Names *names)
{
    std::string name = prefix + std::to_string(m_names++);
    names->push_back(name);
    return name;
}

std::string Maker::device_options()
{
    std::string all =
        choice({" data=lane", " data=regs", " data=hash", " data=wide"});
    all += choice({"", " endian=big", " endian=little", " endian=native"});
    all += choice({"", " vmax=8", " vmax=4", " vmax=2", " vmin=4", " vmax=1",
                   " vmin=2 vmax=4", " vmin=8 vmax=2"});
    all += choice({"", " imax=8", " imax=1", " imin=4", " imin=8 imax=8",
                   " imax=2", " imin=2 imax=4", " imin=4 imax=2"});
    all += choice({"", " vunal=1", " iunal=1", " vunal=1 iunal=1"});
    all += choice({"", "", " api=attrs", " api=attrs err=0x4:1,0x0:2:w"});
    all += choice({"", "", "", "", " accepts=nowrite", " accepts=secure",
                   " accepts=below:0x10", " accepts=sizes:5"});
    return all;
}

// -- commands

void Maker::line(std::initializer_list<std::string> words)
{
    bool first = true;
    for (const std::string &word : words) {
        m_text += (first ? "" : " ") + word;
        first = false;
    }
    m_text += "\n";
}

void Maker::made()
{
    const std::string kind = choice({"ram", "io", "container", "alias", "romd",
                                     "rom", "ramdev", "iommu", "null"});
    std::string name = fresh("r", &m_regions);
    std::string options;
    if (kind == "alias") {
        line({"region alias", name, of(m_regions), offset(), region_size()});
        m_aliases.push_back(name);
    } else {
        if (kind == "io" || kind == "romd") {
            options = device_options();
            m_devices.push_back(name);
        } else if (kind == "iommu") {
            options = choice({"", " page=0x400", " secidx=1", " nodev=1"});
            m_iommus.push_back(name);
        }
        line({"region", kind, name, region_size() + options});
    }
    if (kind == "container") {
        m_containers.push_back(name);
    } else if (kind != "io" && kind != "null" && kind != "iommu" &&
               kind != "alias") {
        m_memories.push_back(name);
    }
    // What is in no tree is of little use.
    const std::string priority = choice({"0", "1", "-1", "7"});
    line({"addp", of(m_containers), place(), name, priority});
}

void Maker::tree()
{
    switch (pick(10)) {
    case 0: line({"add", of(m_regions), place(), of(m_regions)}); break;
    case 1:
        line({"addp", of(m_containers), place(), of(m_regions),
              choice({"0", "1", "-1"})});
        break;
    case 2: line({"del", of(m_containers), of(m_regions)}); break;
    case 3: line({"enable", of(m_regions), choice({"0", "1"})}); break;
    case 4: line({"addr", of(m_regions), place()}); break;
    case 5: line({"resize", of(m_regions), region_size()}); break;
    case 6: line({"aliasoff", of(m_aliases), offset()}); break;
    case 7: line({"readonly", of(m_regions), choice({"0", "1"})}); break;
    case 8: line({"nonvolatile", of(m_regions), choice({"0", "1"})}); break;
    default: line({"romd", of(m_memories), choice({"0", "1"})});
    }
}

void Maker::space()
{
    switch (pick(8)) {
    case 0:
        if (m_spaces.size() < 8) {
            std::string root = of(maybe(2) ? m_regions : m_containers);
            line({"as", fresh("s", &m_spaces), root});
        }
        break;
    case 1: line({"asdel", of(m_spaces)}); break;
    case 2:
    case 3:
        if (m_listeners.size() < 8) {
            std::string as = of(m_spaces);
            line({"listener", fresh("l", &m_listeners), as,
                  choice({"prio=0", "prio=1", "prio=-1", "sync=global"})});
        }
        break;
    case 4: line({"unlisten", of(m_listeners)}); break;
    case 5:
    case 6: line({"begin"}); break;
    default: line({"commit"});
    }
}

void Maker::access_space()
{
    const std::string as = of(m_spaces), at = place();
    switch (pick(10)) {
    case 0: line({"r", as, at, length() + attrs()}); break;
    case 1: line({"w", as, at, bytes(24) + attrs()}); break;
    case 2: line({"fill", as, at, length(), "0x5a" + attrs()}); break;
    case 3: line({"wrom", as, at, bytes(24) + attrs()}); break;
    case 4:
    case 5:
        line({"ld", as, at, access(), choice({"le", "be", "ne"}) + attrs()});
        break;
    case 6:
    case 7:
        line({"st", as, at, access(), choice({"le", "be", "ne"}),
              "0x" + bytes(8) + attrs()});
        break;
    case 8:
        line({"valid", as, at, length(), choice({"r", "w"}) + attrs()});
        break;
    default: line({"xlat", as, at, length(), choice({"r", "w"}) + attrs()});
    }
}

void Maker::access_region()
{
    const std::string mr = of(m_regions), at = offset();
    switch (pick(4)) {
    case 0:
        line({"mrr", mr, at, access(), choice({"le", "be", "ne"}) + attrs()});
        break;
    case 1:
        line({"mrw", mr, at, access(), choice({"le", "be", "ne"}),
              "0x" + bytes(8) + attrs()});
        break;
    case 2: line({"poke", mr, at, bytes(8)}); break;
    default: line({"peek", mr, at, length()});
    }
}

void Maker::window()
{
    const std::string way = choice({"r", "w", "w"});
    std::string as;
    switch (pick(12)) {
    case 0:
    case 1:
        as = of(m_spaces);
        line({"map", fresh("m", &m_maps), as, place(), length(), way});
        break;
    case 2: line({"mapr", of(m_maps), offset(), length()}); break;
    case 3: line({"mapw", of(m_maps), offset(), bytes(8)}); break;
    case 4: line({"unmap", of(m_maps), length()}); break;
    case 5:
    case 6:
        as = of(m_spaces);
        line({"cache", fresh("c", &m_caches), as, place(), length(), way});
        break;
    case 7: line({"cr", of(m_caches), offset(), length()}); break;
    case 8: line({"cw", of(m_caches), offset(), bytes(12)}); break;
    case 9:
        line({"cld", of(m_caches), offset(), access(), choice({"le", "be"})});
        break;
    case 10:
        line({"cst", of(m_caches), offset(), access(), choice({"le", "be"}),
              "0x" + bytes(8)});
        break;
    default:
        if (maybe(2)) {
            line({"cdel", of(m_caches)});
        } else {
            line({"cinval", of(m_caches), offset(), length()});
        }
    }
}

void Maker::look()
{
    switch (pick(6)) {
    case 0: line({"flat", of(m_spaces)}); break;
    case 1: line({"find", of(m_regions), place(), region_size()}); break;
    case 2: line({"present", of(m_regions), place()}); break;
    case 3: line({"mapped", of(m_regions)}); break;
    case 4: line({"info", of(m_regions)}); break;
    default:
        line({"iotlb", of(m_spaces), place(), choice({"r", "w"}) + attrs()});
    }
}

void Maker::dirty()
{
    const std::string client = choice({"vga", "mig"});
    const std::string mr = of(m_memories);
    switch (pick(10)) {
    case 0:
    case 1: line({"log", of(m_regions), choice({"1", "0"})}); break;
    case 2: line({"glog", choice({"start", "stop"})}); break;
    case 3: line({"gsync"}); break;
    case 4: line({"gafter"}); break;
    case 5: line({"dirtyset", mr, offset(), length()}); break;
    case 6: line({"dirtyclr", mr, offset(), length(), client}); break;
    case 7: line({"dirty?", mr, offset(), length(), client}); break;
    case 8: line({"snap", mr, offset(), length(), client}); break;
    default: line({choice({"clearbm", "flushromd"}), mr, offset(), length()});
    }
}

void Maker::posted()
{
    switch (pick(8)) {
    case 0: line({"coal", of(m_devices)}); break;
    case 1: line({"coaladd", of(m_regions), offset(), length()}); break;
    case 2: line({"coalclr", of(m_regions)}); break;
    case 3: line({choice({"flushset", "flushclr"}), of(m_regions)}); break;
    case 4: line({"flushq"}); break;
    default: line({"pw", of(m_spaces), place(), bytes(8)});
    }
}

void Maker::event()
{
    if (m_events.size() < 4 && (m_events.empty() || maybe(4))) {
        line({"efd", fresh("e", &m_events)});
    }
    if (maybe(3)) {
        line({"efddel", of(m_bindings)});
        return;
    }
    std::string binding = of(m_devices) + " " + offset() + " " +
                          choice({"4", "0", "1", "2", "8"}) + " " +
                          choice({"any", "match"}) + " " +
                          choice({"0x0", "0x1", "0x11223344", "0x100"}) + " " +
                          of(m_events);
    m_bindings.push_back(binding);
    line({"efdadd", binding});
}

void Maker::iommu()
{
    const std::string iommu = of(m_iommus);
    const std::string events =
        choice({"map", "unmap", "devunmap", "map|unmap", "map|devunmap"});
    std::string index = choice({"0", "0", "1"});
    switch (pick(8)) {
    case 0:
    case 1:
    case 2:
        line({"iommap", iommu, place(), of(m_spaces), place(),
              choice({"0xfff", "0x3ff", "0x1fff", "0xf", "0xffff", "0x0",
                      "0xffffffffffffffff"}),
              choice({"rw", "ro", "wo", "none"}), "idx=" + index});
        break;
    case 3: line({"iounmap", iommu, place()}); break;
    case 4:
        line({"notifier", fresh("n", &m_notifiers), of(m_iommus), events,
              offset(), choice({"0xfff", "0x1fff", "0xffffffffffffffff"}),
              "idx=" + index});
        break;
    case 5: line({"unnotifier", of(m_notifiers)}); break;
    case 6:
        line({"ionotify", iommu, index, choice({"map", "unmap", "devunmap"}),
              offset(), choice({"0xfff", "0x3ff", "0x3fff"}),
              choice({"rw", "ro", "none"}), place()});
        break;
    default: line({"ioreplay", iommu, of(m_notifiers)});
    }
}

void Maker::hook()
{
    if (m_in_hook || m_devices.empty()) {
        return;
    }
    m_text += "on " + of(m_devices) + choice({" r ", " w "}) + offset() + " ";
    m_in_hook = true;
    size_t start = m_text.size();
    command();
    m_in_hook = false;
    if (m_text.size() == start) {
        m_text += "flushq\n";
    }
}

void Maker::command()
{
    switch (pick(32)) {
    case 0:
    case 1:
    case 2:
    case 3: made(); break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8: tree(); break;
    case 9:
    case 10:
    case 11: space(); break;
    case 12:
    case 13:
    case 14:
    case 15:
    case 16: access_space(); break;
    case 17: access_region(); break;
    case 18:
    case 19:
    case 20: window(); break;
    case 21: look(); break;
    case 22:
    case 23: dirty(); break;
    case 24:
    case 25:
    case 26: posted(); break;
    case 27: event(); break;
    case 28:
    case 29: iommu(); break;
    default: hook();
    }
}

// A container with a space, and one of each kind that much else needs.
std::string Maker::script()
{
    line({"target", choice({"little", "big"})});
    line({"region container", fresh("r", &m_regions), "2^64"});
    m_containers = m_regions;
    line({"as", fresh("s", &m_spaces), m_regions[0]});
    for (const char *kind : {"ram", "io"}) {
        const std::string name = fresh("r", &m_regions);
        std::string options;
        if (*kind == 'i') {
            options = device_options();
            m_devices.push_back(name);
        } else {
            m_memories.push_back(name);
        }
        line({"region", kind, name, "0x1000" + options});
        line({"add", m_regions[0], place(), name});
    }
    for (unsigned i = 0; i < MOST_COMMANDS && m_at != m_end; i++) {
        command();
    }
    return m_text;
}

} // namespace

std::string make_script(const uint8_t *data, size_t size)
{
    return Maker(data, size).script();
}
