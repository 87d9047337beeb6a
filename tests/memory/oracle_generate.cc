// oracle_generate.cc - random trees, mutations and accesses. The model runs
// along, so that only legal commands remain and accesses can aim at borders.
#include "tests/memory/oracle_generate.h"

#include <initializer_list>

namespace oracle
{

namespace
{

class Generator
{
  public:
    Generator(uint64_t seed, unsigned accesses)
        : m_state(seed), m_most(accesses)
    {
    }
    Case run();

  private:
    uint64_t random()
    {
        m_state += 0x9E3779B97F4A7C15;
        return random_mix(m_state);
    }
    uint64_t below(uint64_t n) { return random() % n; }
    bool chance(unsigned percent) { return below(100) < percent; }
    template <typename T> T one_of(std::initializer_list<T> list)
    {
        return list.begin()[below(list.size())];
    }
    std::string any(const std::vector<std::string> &names)
    {
        return names[below(names.size())];
    }

    bool emit(const std::string &line);
    std::string size_for(const std::string &kind);
    std::string device_options();
    uint64_t offset_in(const std::string &container);
    void make_region();
    void make_root();
    void put_in();
    void mutate();
    void watch();
    uint64_t address(const Space &as);
    std::string attrs();
    std::string random_bytes(uint64_t len);
    void access();
    void region_access();
    void look(const Space &as);
    void hook();
    const Space &any_space();

    uint64_t m_state;
    unsigned m_most;
    Case m_case;
    Model m_model;
    unsigned m_count = 0; // names
    std::string m_root;
    std::vector<std::string> m_regions, m_parents, m_aliases, m_spaces,
        m_listeners;
};

bool Generator::emit(const std::string &line)
{
    Command command = parse_command(line);
    m_model.out.clear();
    if (!m_model.run(command)) {
        return false;
    }
    m_case.script.push_back(command);
    return true;
}

std::string Generator::size_for(const std::string &kind)
{
    bool seen_through = kind == "container" || kind == "alias";
    bool memory =
        kind == "ram" || kind == "rom" || kind == "ramdev" || kind == "romd";
    unsigned w = m_case.window_size;
    if (seen_through && chance(70)) {
        return hex(w / 8 + below(w));
    }
    switch (below(seen_through || chance(20) ? 8 : chance(40) ? 4 : 3)) {
    case 0: return hex(1 + below(16));
    case 1: return hex(1 + below(0x180));
    case 2: return hex(8 * (1 + below(64)));
    case 3: return hex(0x1000 * (1 + below(3)));
    case 4: return hex(0x1000 + below(0x1000));
    case 5: return memory || chance(60) ? hex(w) : "2^64";
    case 6: return hex(w / 2 + below(w));
    default: return hex(1 + below(w));
    }
}

std::string Generator::device_options()
{
    std::string text =
        " endian=" + one_of<std::string>({"little", "big", "native"}) +
        " seed=" + std::to_string(below(1000)) +
        " data=" + one_of<std::string>({"hash", "wide", "lane", "regs"});
    bool with_attrs = chance(50);
    text += with_attrs ? " api=attrs" : "";
    for (const char *key : {" vmin=", " vmax=", " imin=", " imax="}) {
        if (chance(55)) {
            bool low = key[2] == 'm' && key[3] == 'i';
            text += key + std::to_string(low ? one_of({1, 1, 2, 4, 8})
                                             : one_of({1, 2, 4, 8, 8}));
        }
    }
    text += chance(45) ? " vunal=1" : "";
    text += chance(35) ? " iunal=1" : "";
    if (chance(20)) {
        text += " accepts=" +
                one_of<std::string>({"noread", "nowrite", "secure",
                                     "below:0x20", "sizes:5", "sizes:14,noread",
                                     "below:0x100,secure", "all"});
    }
    if (with_attrs && chance(50)) {
        text += " err=" + hex(below(9)) + ":" + std::to_string(1 + below(3)) +
                one_of<std::string>({"", ":r", ":w"});
        for (uint64_t n = below(12); n > 0; n--) {
            text += "," + hex(4 * n) + ":" + std::to_string(1 + below(3));
        }
    }
    return text;
}

void Generator::make_region()
{
    std::string kind = one_of<std::string>(
        {"container", "container", "ram", "ram", "ram", "rom", "ramdev", "romd",
         "io", "io", "io", "io", "null", "alias", "alias", "alias"});
    if (m_regions.size() < 2 && kind == "alias") {
        kind = "container";
    }
    std::string name = kind.substr(0, 2) + std::to_string(++m_count);
    std::string line = "region " + kind + " " + name + " ";
    if (kind == "alias") {
        std::string target = any(m_regions);
        line += target + " " + hex(offset_in(target)) + " ";
    }
    line += size_for(kind);
    line += kind == "io" || kind == "romd" ? device_options() : "";
    if (!emit(line)) {
        return;
    }
    m_regions.push_back(name);
    if (kind == "container" || chance(8)) {
        m_parents.push_back(name);
    }
    if (kind == "alias") {
        m_aliases.push_back(name);
    }
    if (chance(10)) {
        emit("readonly " + name + one_of<std::string>({" 0", " 1"}));
    }
    if (chance(5)) {
        emit("nonvolatile " + name + " 1");
    }
    if (chance(4)) {
        emit("addr " + name + " " + hex(below(0x100)));
    }
}

// A place in a container (or a window of an alias onto it): inside it, mostly;
// in the root and other huge ones in the window.
uint64_t Generator::offset_in(const std::string &container)
{
    const Region *mr = m_model.region(container);
    uint64_t offset = one_of<uint64_t>(
        {0, 1, 4, 0x10, 0xfff, 0x1000, below(0x40), below(0x2000)});
    if (mr->size > 0x10000) {
        offset = m_case.window + below(m_case.window_size);
        return chance(40) ? offset & ~UINT64_C(0xff) : offset;
    }
    if (chance(3)) {
        return 0 - offset;
    }
    if (chance(80)) {
        offset = below(static_cast<uint64_t>(mr->size) + 1);
    }
    return chance(50) ? offset & ~UINT64_C(7) : offset;
}

void Generator::put_in()
{
    std::string parent = chance(50) ? m_root : any(m_parents);
    std::string child = any(m_regions);
    for (const std::string &other : m_regions) { // the newest is likely free
        if (!m_model.region(other)->container && chance(70)) {
            child = other;
        }
    }
    std::string rest = parent + " " + hex(offset_in(parent)) + " " + child;
    if (chance(35)) {
        emit("add " + rest);
    } else {
        emit("addp " + rest + " " +
             std::to_string(static_cast<int>(below(5)) - 2));
    }
}

void Generator::make_root()
{
    m_root = "root";
    std::string size = "2^64";
    if (m_case.window == 0 && chance(30)) {
        size = hex(m_case.window_size - below(200));
    }
    const char *kind = chance(85) ? "container" : "null";
    emit(std::string("region ") + kind + " root " + size);
    m_parents.push_back(m_root);
}

void Generator::watch()
{
    if (m_listeners.size() < 3 && chance(70)) {
        std::string name = "L" + std::to_string(++m_count);
        if (emit("listener " + name + " " + any(m_spaces) +
                 " prio=" + std::to_string(below(4)))) {
            m_listeners.push_back(name);
        }
    } else if (!m_listeners.empty()) {
        size_t which = below(m_listeners.size());
        emit("unlisten " + m_listeners[which]);
        m_listeners.erase(m_listeners.begin() + static_cast<long>(which));
    }
}

void Generator::mutate()
{
    std::string name = chance(5) ? m_root : any(m_regions);
    Region *mr = m_model.region(name);
    std::string bit = one_of<std::string>({" 0", " 1"});
    std::string flip = mr->readonly ? " 0" : " 1";
    for (const std::string &other :
         m_regions) { // most are on, most of the time
        if (!m_model.region(other)->enabled && chance(30)) {
            emit("enable " + other + " 1");
        }
    }
    switch (below(15)) {
    case 0: emit("enable " + name + (mr->enabled ? " 0" : " 1")); break;
    case 1:
    case 2:
        if (mr->container) {
            emit("addr " + name + " " + hex(offset_in(mr->container->name)));
        } else if (name != m_root || chance(10)) {
            emit("addr " + name + " " + hex(below(0x40)));
        }
        break;
    case 3:
        emit("resize " + name + " " +
             (chance(3) ? "0" : size_for(chance(50) ? "ram" : "io")));
        break;
    case 4: emit("readonly " + name + flip); break;
    case 5: emit("nonvolatile " + name + bit); break;
    case 6:
        for (const std::string &other : m_regions) {
            Region *romd = m_model.region(other);
            if (romd->kind == Kind::romd && chance(60)) {
                emit("romd " + other + (romd->romd ? " 0" : " 1"));
                return;
            }
        }
        emit("readonly " + name + flip);
        break;
    case 7:
    case 8:
        if (!m_aliases.empty()) {
            std::string alias = any(m_aliases);
            emit("aliasoff " + alias + " " +
                 hex(offset_in(m_model.region(alias)->target->name)));
        }
        break;
    case 9:
    case 10:
        if (mr->container) {
            emit("del " + mr->container->name + " " + name);
        }
        put_in();
        break;
    case 11:
        if (mr->container) {
            std::string parent = mr->container->name;
            emit("begin");
            emit("del " + parent + " " + name);
            emit("addp " + parent + " " + hex(offset_in(parent)) + " " + name +
                 " " + std::to_string(static_cast<int>(below(5)) - 2));
            emit("commit");
        }
        break;
    case 12: watch(); break;
    case 13:
        if (m_model.depth() < 2) {
            emit("begin");
        }
        break;
    default:
        make_region();
        put_in();
        hook();
    }
    if (m_model.depth() > 0 && chance(30)) {
        emit("commit");
    }
}

const Space &Generator::any_space()
{
    return *m_model.space(any(m_spaces));
}

// Mostly close to where something begins or ends.
uint64_t Generator::address(const Space &as)
{
    const View &view = *as.view;
    if (view.empty() || chance(20)) {
        return m_case.window + below(m_case.window_size);
    }
    const Range &r = view[below(view.size())];
    uint64_t start = static_cast<uint64_t>(r.start);
    uint64_t size = api_size(r.size);
    switch (below(4)) {
    case 0: return start + below(16) - 4;
    case 1: return start + size + below(12) - 10;
    case 2: // a page border
        return ((start + below(size)) & ~UINT64_C(0xfff)) + below(9) - 6;
    default: return start + below(size);
    }
}

std::string Generator::attrs()
{
    std::string text;
    if (chance(30)) {
        text += chance(50) ? " sec" : "";
        text += chance(30) ? " user" : "";
        text += chance(30) ? " rid=" + hex(below(0x10000)) : "";
    }
    return text;
}

std::string Generator::random_bytes(uint64_t len)
{
    std::vector<uint8_t> bytes(len);
    for (uint8_t &byte : bytes) {
        byte = static_cast<uint8_t>(random());
    }
    return bytes_text(bytes);
}

void Generator::region_access()
{
    std::string name = any(m_regions);
    std::string where = name + " " + hex(offset_in(name)) + " " +
                        one_of<std::string>({"1", "2", "4", "8"}) + " " +
                        one_of<std::string>({"le", "be", "ne"});
    bool done = chance(50)
                    ? emit("mrr " + where + attrs())
                    : emit("mrw " + where + " " + hex(random()) + attrs());
    m_case.accesses += done;
}

void Generator::look(const Space &as)
{
    std::string name = chance(40) ? m_root : any(m_regions);
    uint64_t addr = address(as);
    switch (below(4)) {
    case 0:
        emit("present " + name + " " +
             hex(name == m_root ? addr : offset_in(name)));
        break;
    case 1: emit((chance(50) ? "mapped " : "info ") + name); break;
    case 2:
        for (const std::string &other : m_regions) {
            if (!m_model.region(other)->memory.empty() && chance(50)) {
                name = other;
            }
        }
        emit(chance(70) ? "peek " + name + " " + hex(below(64)) + " " +
                              std::to_string(1 + below(32))
                        : "poke " + name + " " + hex(below(64)) + " " +
                              random_bytes(1 + below(32)));
        break;
    default:
        emit("find " + name + " " +
             hex(name == m_root ? addr : offset_in(name)) + " " +
             hex(1 + below(chance(30) ? 0x4000 : 16)));
    }
}

// A device that changes the tree, or accesses memory, in its callback.
void Generator::hook()
{
    std::string device;
    for (const std::string &name : m_regions) {
        if (m_model.region(name)->device && chance(50)) {
            device = name;
        }
    }
    if (device.empty() || m_spaces.empty()) {
        return;
    }
    const Space &as = any_space();
    std::string name = any(m_regions), at = as.name + " " + hex(address(as));
    Region *mr = m_model.region(name);
    std::string command = one_of<std::string>(
        {"ld " + at + " 4 le", "r " + at + " 6", "w " + at + " 0102030405",
         "enable " + name + " 0", "enable " + name + " 1",
         "readonly " + name + " 1", "begin", "commit", "flat " + as.name});
    if (chance(40) && mr->container) {
        std::string to = hex(offset_in(mr->container->name));
        command = chance(50) ? "addr " + name + " " + to
                             : "del " + mr->container->name + " " + name;
    }
    emit("on " + device + one_of<std::string>({" r ", " w "}) +
         hex(below(3) * 4) + " " + command);
}

void Generator::access()
{
    const Space &as = any_space();
    std::string at = as.name + " " + hex(address(as)) + " ";
    uint64_t len = chance(3)    ? below(6000)
                   : chance(10) ? below(300)
                                : below(20);
    std::string size = one_of<std::string>({"1", "2", "4", "8"});
    std::string order = one_of<std::string>({" le", " be", " ne"});
    std::string dir = one_of<std::string>({" r", " w"});
    bool done = false;
    switch (below(16)) {
    case 0:
    case 1:
    case 2: done = emit("r " + at + std::to_string(len) + attrs()); break;
    case 3:
    case 4:
    case 5:
        if (len > 0) {
            done = emit("w " + at + random_bytes(len) + attrs());
        }
        break;
    case 6:
    case 7:
    case 8: done = emit("ld " + at + size + order + attrs()); break;
    case 9:
    case 10:
    case 11:
        done = emit("st " + at + size + order + " " + hex(random()) + attrs());
        break;
    case 12: region_access(); break;
    case 13:
        done = emit("valid " + at + std::to_string(len) + dir + attrs());
        break;
    case 14:
        done = emit("xlat " + at + hex(1 + below(0x3000)) + dir + attrs());
        break;
    default:
        if (chance(40)) {
            done = emit("wrom " + at + random_bytes(1 + len % 40) + attrs());
        } else if (chance(40)) {
            done = emit("fill " + at + std::to_string(below(700)) + " " +
                        hex(below(256)) + attrs());
        } else {
            look(as);
        }
    }
    m_case.accesses += done;
}

Case Generator::run()
{
    emit(chance(50) ? "target little" : "target big");
    m_case.window =
        one_of<uint64_t>({0, 0, 0x1000, 0x7ff0, 0xffffe800,
                          0 - UINT64_C(0x4000), 0 - UINT64_C(0x1803)});
    m_case.window_size =
        one_of<unsigned>({0x200, 0x1003, 0x1803, 0x2800, 0x4000});
    make_root();
    bool first = chance(50);
    if (first) {
        emit("as mem root");
    }
    for (uint64_t n = 6 + below(15); n > 0; n--) {
        make_region();
        put_in();
        put_in();
    }
    if (!first) {
        emit("as mem root");
    }
    m_spaces.push_back("mem");
    if (chance(30) &&
        emit("as bus " + any(chance(70) ? m_parents : m_regions))) {
        m_spaces.push_back("bus");
    }
    if (chance(15) && emit("as too root")) {
        m_spaces.push_back("too");
    }
    if (chance(60)) {
        watch();
    }
    for (uint64_t n = chance(30) ? below(12) : 0; n > 0; n--) {
        hook();
    }
    emit("flat mem");
    // A legal access is not found in every try; trees where none is are rare.
    for (unsigned tries = 0; m_case.accesses < m_most && tries < 4 * m_most;
         tries++) {
        if (chance(12)) {
            mutate();
            if (chance(30)) {
                emit("flat " + any(m_spaces));
            }
        }
        access();
    }
    while (m_model.depth() > 0) {
        emit("commit");
    }
    for (const std::string &name : m_spaces) {
        emit("flat " + name);
    }
    return m_case;
}

} // namespace

Case generate(uint64_t seed, unsigned accesses)
{
    return Generator(seed, accesses).run();
}

} // namespace oracle
