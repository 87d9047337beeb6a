// A script's life: lines, commands, hooks, names, the end.
#include <cstring>
#include <sstream>

#include "tests/replay/session.h"

namespace replaying
{

#define ATTRS " [ATTRS...]"

const Session::Command Session::commands[] = {
    {"target", "little|big", &Session::target},
    {"region", "KIND NAME SIZE [OPTIONS...]", &Session::make_region},
    {"add", "PARENT OFFSET CHILD", &Session::add},
    {"addp", "PARENT OFFSET CHILD PRIO", &Session::add_with_priority},
    {"del", "PARENT CHILD", &Session::del},
    {"enable", "R 0|1", &Session::enable},
    {"addr", "R OFFSET", &Session::move},
    {"resize", "R SIZE", &Session::resize},
    {"aliasoff", "R OFFSET", &Session::alias_offset},
    {"readonly", "R 0|1", &Session::readonly},
    {"nonvolatile", "R 0|1", &Session::nonvolatile},
    {"romd", "R 0|1", &Session::romd},
    {"begin", "", &Session::begin},
    {"commit", "", &Session::commit},
    {"as", "NAME ROOT", &Session::make_space},
    {"asdel", "NAME", &Session::del_space},
    {"r", "AS ADDR LEN" ATTRS, &Session::read},
    {"w", "AS ADDR HEX" ATTRS, &Session::write},
    {"fill", "AS ADDR LEN BYTE" ATTRS, &Session::fill},
    {"wrom", "AS ADDR HEX" ATTRS, &Session::write_rom},
    {"ld", "AS ADDR SIZE le|be|ne" ATTRS, &Session::load},
    {"st", "AS ADDR SIZE le|be|ne VALUE" ATTRS, &Session::store},
    {"mrr", "R OFFSET SIZE le|be|ne" ATTRS, &Session::dispatch_read},
    {"mrw", "R OFFSET SIZE le|be|ne VALUE" ATTRS, &Session::dispatch_write},
    {"poke", "R OFFSET HEX", &Session::poke},
    {"peek", "R OFFSET LEN", &Session::peek},
    {"valid", "AS ADDR LEN r|w" ATTRS, &Session::valid},
    {"xlat", "AS ADDR LEN r|w" ATTRS, &Session::translate},
    {"iotlb", "AS ADDR r|w" ATTRS, &Session::iotlb},
    {"on", "DEV r|w OFFSET COMMAND...", &Session::on},
    {"flat", "AS", &Session::flat},
    {"find", "R ADDR SIZE", &Session::find},
    {"present", "R ADDR", &Session::present},
    {"mapped", "R", &Session::mapped},
    {"info", "R", &Session::info},
    {"map", "ID AS ADDR LEN r|w", &Session::map},
    {"mapr", "ID OFF LEN", &Session::map_read},
    {"mapw", "ID OFF HEX", &Session::map_write},
    {"unmap", "ID ACCESSLEN", &Session::unmap},
    {"cache", "ID AS ADDR LEN r|w", &Session::cache},
    {"cr", "ID OFF LEN", &Session::cache_read},
    {"cw", "ID OFF HEX", &Session::cache_write},
    {"cld", "ID OFF SIZE le|be", &Session::cache_load},
    {"cst", "ID OFF SIZE le|be VALUE", &Session::cache_store},
    {"cinval", "ID OFF LEN", &Session::cache_invalidate},
    {"cdel", "ID", &Session::cache_del},
    {"listener", "NAME AS [OPTIONS...]", &Session::listener},
    {"unlisten", "NAME", &Session::unlisten},
    {"log", "R 0|1", &Session::log},
    {"glog", "start|stop", &Session::global_log},
    {"gsync", "", &Session::global_sync},
    {"gafter", "", &Session::global_after},
    {"dirtyset", "R OFF SIZE", &Session::dirty_set},
    {"dirtyclr", "R OFF SIZE CLIENT", &Session::dirty_clear},
    {"dirty?", "R OFF SIZE CLIENT", &Session::dirty_ask},
    {"snap", "R OFF SIZE CLIENT", &Session::snapshot},
    {"clearbm", "R OFF SIZE", &Session::clear_bitmap},
    {"flushromd", "R OFF SIZE", &Session::flush_romd},
    {"coal", "R", &Session::coalesce},
    {"coaladd", "R OFF SIZE", &Session::coalesce_add},
    {"coalclr", "R", &Session::coalesce_clear},
    {"flushset", "R", &Session::flush_set},
    {"flushclr", "R", &Session::flush_clear},
    {"flushq", "", &Session::flush_queue},
    {"pw", "AS ADDR HEX", &Session::posted},
    {"efd", "NAME", &Session::event},
    {"efdadd", "R OFF SIZE match|any DATA NAME", &Session::event_add},
    {"efddel", "R OFF SIZE match|any DATA NAME", &Session::event_del},
    {"iommap", "IOM IOVA AS TADDR MASK PERM [idx=N]", &Session::iommu_map},
    {"iounmap", "IOM IOVA", &Session::iommu_unmap},
    {"notifier", "NAME IOM EVENTS START END [idx=N]", &Session::notifier},
    {"unnotifier", "NAME", &Session::unnotifier},
    {"ionotify", "IOM IDX EVENT IOVA MASK PERM [TADDR]",
     &Session::iommu_notify},
    {"ioreplay", "IOM NOTIFIER", &Session::iommu_replay},
};

#undef ATTRS

// -- life

Session::Session(std::string *transcript, const ReplayOptions &options)
    : m_options(options), m_world(memory_world_new()),
      m_outer(memory_world_enter(m_world)), m_out(transcript)
{
    iommu_register_type();
    m_observer.begin = [](void *opaque, unsigned count) {
        static_cast<Session *>(opaque)->print(text("flush %u", count));
    };
    m_observer.done = [](void *opaque, const PostedWrite *write,
                         MemTxResult result) {
        auto *session = static_cast<Session *>(opaque);
        session->print("flushed " + session->space_name(write->as) + " " +
                       hex(write->addr) + " -> " + result_text(result));
    };
    m_observer.opaque = this;
    m_world->log = [](void *, const char *) {};
    if (m_options.early_queue) {
        watch_queue();
    }
}

void Session::watch_queue()
{
    posted_observe(&m_observer);
}

Session::~Session()
{
    close();
    memory_world_enter(m_outer);
    memory_world_free(m_world);
}

// Takes everything down in the order the API asks for; nothing is printed, and
// devices run no commands.
void Session::close()
{
    m_closing = true;
    for (; m_open; m_open--) {
        memory_region_transaction_commit();
    }
    qemu_flush_coalesced_mmio_buffer();
    for (auto &m : m_mappings) {
        address_space_unmap(m.second.as, m.second.host, m.second.len,
                            m.second.is_write, 0);
    }
    for (auto &c : m_caches) {
        address_space_cache_destroy(c.second.get());
    }
    for (auto &n : m_notifiers) {
        memory_region_unregister_iommu_notifier(n->region->mr, &n->notifier);
    }
    for (auto &l : m_listeners) {
        memory_listener_unregister(&l->listener);
    }
    for (auto &s : m_spaces) {
        address_space_destroy(&s->as);
    }
    for (auto &r : m_regions) {
        while (r->mr->first_child) {
            memory_region_del_subregion(r->mr, r->mr->first_child);
        }
    }
    for (auto &r : m_regions) {
        memory_region_fini(r->mr);
    }
    for (auto &e : m_events) {
        event_notifier_cleanup(&e->event);
    }
}

void Session::print(const std::string &line)
{
    if (m_closing || m_full) {
        return;
    }
    if (m_out->size() + line.size() >= m_options.max_transcript) {
        m_full = true;
        m_error = "the transcript gets too long; a shorter script";
        return;
    }
    *m_out += line + "\n";
}

// Performs the posted writes that the change to come would perform first, so
// that what devices do on that occasion comes before the checks.
void Session::settle()
{
    qemu_flush_coalesced_mmio_buffer();
}

uint64_t Session::transfer_length(const std::string &word) const
{
    uint64_t len = number(word);
    if (len > m_options.max_transfer) {
        throw ScriptError(word + " bytes at once; at most " +
                          hex(m_options.max_transfer));
    }
    return len;
}

Bytes Session::transfer_bytes(const std::string &word) const
{
    transfer_length(text("%zu", word.size() / 2));
    return from_hex(word);
}

// -- commands

static bool takes_count(const char *takes, size_t count)
{
    const Words words = words_of(takes);
    size_t least = 0;
    for (const std::string &word : words) {
        least += word[0] != '[';
    }
    bool open = strstr(takes, "...") != nullptr;
    return count >= least && (open || count <= words.size());
}

const Session::Command &Session::command(const Words &words)
{
    for (const Command &c : commands) {
        if (words[0] == c.name) {
            if (!takes_count(c.takes, words.size() - 1)) {
                throw ScriptError("`" + words[0] + "` with " +
                                  std::to_string(words.size() - 1) +
                                  " words; it takes " +
                                  (*c.takes ? c.takes : "none"));
            }
            return c;
        }
    }
    throw ScriptError("command `" + words[0] +
                      "` is unknown; see docs/replay.md");
}

void Session::run(const Words &words, const char *prompt)
{
    const Command &c = command(words);
    std::string line = prompt;
    for (size_t i = 0; i < words.size(); i++) {
        line += (i ? " " : "") + words[i];
    }
    print(line);
    (this->*c.handler)(words);
}

void Session::run_line(const std::string &line)
{
    const Words words = words_of(line);
    if (words.empty() || words[0][0] == '#') {
        return;
    }
    if (!m_started && words[0] != "target") {
        throw ScriptError("the first command is `" + words[0] +
                          "`; target little|big");
    }
    m_error.clear();
    run(words, "> ");
    m_started = true;
    for (auto &e : m_events) {
        if (event_notifier_test_and_clear(&e->event)) {
            print("efd " + e->name);
        }
    }
    if (!m_error.empty()) {
        throw ScriptError(m_error);
    }
}

// Three levels deep; what would come below is not run. An error must not fly
// through the memory API: the line that caused it reports it.
void Session::run_hook(const Hook &hook)
{
    if (m_closing || m_depth >= 3 || !m_error.empty()) {
        return;
    }
    m_depth++;
    try {
        run(hook.command, ">> ");
    } catch (const ScriptError &e) {
        m_error = e.what();
    }
    m_depth--;
}

// -- names

Region *Session::region(const std::string &name) const
{
    auto found = m_region_of.find(name);
    if (found == m_region_of.end()) {
        throw ScriptError("region `" + name + "` is unknown; make it first");
    }
    return found->second;
}

AddressSpace *Session::space(const std::string &name) const
{
    for (const auto &s : m_spaces) {
        if (s->name == name) {
            return &s->as;
        }
    }
    throw ScriptError("address space `" + name + "` is unknown; make it first");
}

const std::string &Session::space_name(const AddressSpace *as) const
{
    static const std::string none = "-";
    for (const auto &s : m_spaces) {
        if (&s->as == as) {
            return s->name;
        }
    }
    return none;
}

const std::string &Session::event_name(const EventNotifier *e) const
{
    static const std::string none = "-";
    for (const auto &event : m_events) {
        if (&event->event == e) {
            return event->name;
        }
    }
    return none;
}

bool Region::is_memory() const
{
    return kind == "ram" || kind == "rom" || kind == "ramdev" || kind == "romd";
}

} // namespace replaying

void replay(const std::string &script, std::string *transcript,
            const ReplayOptions &options)
{
    std::istringstream in(script);
    replaying::Session session(transcript, options);
    unsigned number = 0;
    for (std::string line; std::getline(in, line);) {
        number++;
        try {
            session.run_line(line);
        } catch (const ScriptError &e) {
            if (!options.skip_errors || session.is_full()) {
                throw ScriptError(std::to_string(number) + ": " + e.what());
            }
        }
    }
}
