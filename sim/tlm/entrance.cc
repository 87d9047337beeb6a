/*
 * entrance.cc - payloads onto a port: see target_port.h for the model.
 *
 * Most payloads are a plain load or store. Those go a short way, to memory
 * through an inline entry of the port, to a device by port_quick_move(), at the
 * same cost and with the same counts; all others, and those whose cost is not
 * constant now, go by port_transfer().
 */
#include "sim/tlm/entrance.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "sim/tlm/attributes.h"
#include "sim/tlm/core.h"

namespace socscope
{

using tlm::tlm_generic_payload;

namespace
{

bool enabled(const tlm_generic_payload &t, unsigned i)
{
    const unsigned char *be = t.get_byte_enable_ptr();
    return !be || be[i % t.get_byte_enable_length()] == TLM_BYTE_ENABLED;
}

/* Is this a payload that the standard allows? (IEEE 1666-2011, 14.8 ff.) */
tlm::tlm_response_status check(const tlm_generic_payload &t)
{
    const unsigned char *be = t.get_byte_enable_ptr();
    if (t.get_data_length() == 0 || t.get_streaming_width() == 0) {
        return tlm::TLM_BURST_ERROR_RESPONSE;
    }
    if (!t.get_data_ptr()) {
        return tlm::TLM_GENERIC_ERROR_RESPONSE;
    }
    if (!be) {
        return tlm::TLM_OK_RESPONSE;
    }
    unsigned n = t.get_byte_enable_length();
    bool plain = n > 0 && std::all_of(be, be + n, [](unsigned char b) {
                     return b == TLM_BYTE_ENABLED || b == TLM_BYTE_DISABLED;
                 });
    return plain ? tlm::TLM_OK_RESPONSE : tlm::TLM_BYTE_ENABLE_ERROR_RESPONSE;
}

tlm::tlm_response_status status_of(MemTxResult result)
{
    if (result & MEMTX_DECODE_ERROR) {
        return tlm::TLM_ADDRESS_ERROR_RESPONSE;
    }
    if (result & MEMTX_ACCESS_ERROR) {
        return tlm::TLM_COMMAND_ERROR_RESPONSE;
    }
    return result ? tlm::TLM_GENERIC_ERROR_RESPONSE : tlm::TLM_OK_RESPONSE;
}

/* Narrows a window to the pages around addr that have none of these states.
 * False: the page of addr has. */
bool plain_pages(PortWindow &w, hwaddr addr, unsigned states)
{
    const RAMBlock *block = w.mr->ram_block;
    const uint8_t *state = block->page_state;
    uint64_t base = static_cast<uint64_t>(w.host - block->host);
    uint64_t end = base + (w.last - w.first); // of the block, inclusive
    uint64_t low = (base + (addr - w.first)) >> PAGE_BITS, high = low;
    if (state[low] & states) {
        return false;
    }
    while (low > base >> PAGE_BITS && !(state[low - 1] & states)) {
        low--;
    }
    while (high < end >> PAGE_BITS && !(state[high + 1] & states)) {
        high++;
    }
    uint64_t from = std::max(base, low << PAGE_BITS);
    uint64_t to = std::min(end, ((high + 1) << PAGE_BITS) - 1);
    w.last = w.first + (to - base);
    w.first += from - base;
    w.host += from - base;
    return true;
}

/* Calls fn(address, at, length) for each string of bytes [at, at + length) at
 * rising addresses. */
template <class Fn> void for_each_string(const tlm_generic_payload &t, Fn fn)
{
    const unsigned len = t.get_data_length(), width = t.get_streaming_width();
    for (unsigned at = 0, n; at < len; at += n) {
        n = std::min(len - at, width);
        fn(t.get_address(), at, n);
    }
}

/* The byte enables, one for each byte of the payload; nullptr: all. */
const uint8_t *strobes_of(const tlm_generic_payload &t,
                          std::vector<uint8_t> &room)
{
    const unsigned len = t.get_data_length(), n = t.get_byte_enable_length();
    const unsigned char *be = t.get_byte_enable_ptr();
    if (!be || n >= len) {
        return be;
    }
    room.resize(len);
    for (unsigned i = 0; i < len; i++) {
        room[i] = be[i % n];
    }
    return room.data();
}

} // namespace

/* -- whose turn it is ------------------------------------------------------ */

/* A port carries one access at a time. Taken: no, if the caller is inside of
 * its own access (a platform that routes a region back to its own port). */
class Entrance::Turn
{
  public:
    explicit Turn(Entrance &way) : way_(way)
    {
        const void *self = sc_core::sc_get_current_process_b();
        while (way_.busy_ && way_.owner_ != self) {
            way_.waiting_++;
            sc_core::wait(way_.free_);
            way_.waiting_--;
        }
        taken_ = !way_.busy_;
        if (taken_) {
            way_.busy_ = true;
            way_.owner_ = self;
        }
    }
    ~Turn()
    {
        if (taken_) {
            way_.busy_ = false;
            if (way_.waiting_) {
                way_.free_.notify();
            }
        }
    }
    Turn(const Turn &) = delete;
    Turn &operator=(const Turn &) = delete;
    bool taken() const { return taken_; }

  private:
    Entrance &way_;
    bool taken_ = false;
};

/* A payload is under way through the machine. */
class Entrance::Arrival
{
  public:
    Arrival(Core &core, const MemoryPort *port, tlm_generic_payload *trans)
        : core_(core), port_(port)
    {
        core_.inbound.push_back({port, trans});
    }
    ~Arrival()
    {
        auto mine = [this](const Inbound &i) { return i.port == port_; };
        auto at =
            std::find_if(core_.inbound.begin(), core_.inbound.end(), mine);
        core_.inbound.erase(at);
    }
    Arrival(const Arrival &) = delete;
    Arrival &operator=(const Arrival &) = delete;

  private:
    Core &core_;
    const MemoryPort *port_;
};

/* -- life ------------------------------------------------------------------ */

Entrance::Entrance(Machine &machine, const std::string &name,
                   const std::string &bus, unsigned width, Withdraw withdraw)
    : machine_(machine), core_(machine.core()), bytes_(std::min(width / 8, 8U)),
      withdraw_(std::move(withdraw))
{
    Error *err = nullptr;
    port_ = machine_add_port(core_->machine, name.c_str(), bus.c_str(), "tlm",
                             &err);
    if (!port_) {
        raise(err);
    }
    join();
}

Entrance::Entrance(Machine &machine, MemoryPort *port, unsigned width,
                   Withdraw withdraw)
    : machine_(machine), core_(machine.core()), port_(port),
      bytes_(std::min(width / 8, 8U)), withdraw_(std::move(withdraw))
{
    join();
}

void Entrance::join()
{
    Error *err = nullptr; // a device's own port has no entries
    if (!port_add_entries(port_, 1, &err)) {
        raise(err);
    }
    core_->debts.pays_itself(port_);
    port_->lends = true;
    port_->kind[0] = port_->kind[1] = ACCESS_TLM;
    port_->invalidated = invalidated;
    port_->opaque = this;
}

Entrance::~Entrance()
{
    port_->invalidated = nullptr;
}

/* -- the short way --------------------------------------------------------- */

static inline bool likely(bool fact)
{
    return __builtin_expect(fact, true);
}

static inline bool unlikely(bool fact)
{
    return __builtin_expect(fact, false);
}

/* One aligned load or store without anything special. */
static inline bool is_plain(const tlm_generic_payload &t)
{
    const unsigned len = t.get_data_length();
    return (t.is_read() || t.is_write()) && len && len <= 8 &&
           !(len & (len - 1)) && !(t.get_address() & (len - 1)) &&
           t.get_streaming_width() >= len && !t.get_byte_enable_ptr() &&
           t.get_data_ptr() && !t.get_extension<TlmAttributes>() &&
           t.get_gp_option() == tlm::TLM_MIN_PAYLOAD;
}

static void copy(void *to, const void *from, unsigned len)
{
    if (likely(len == 4)) {
        std::memcpy(to, from, 4);
        return;
    }
    switch (len) {
    case 1: std::memcpy(to, from, 1); break;
    case 2: std::memcpy(to, from, 2); break;
    default: std::memcpy(to, from, 8); break;
    }
}

/* Opens the page of an access that no open entry holds; NULL: it has none. */
PortEntry *Entrance::open(uint64_t addr, bool is_write)
{
    const uint64_t page = addr & ~static_cast<uint64_t>(PAGE_SIZE_BYTES - 1);
    if (port_->world->recorder) {
        return nullptr;
    }
    PortEntry *e = port_open(port_, addr, addr, is_write);
    if (!e) {
        device_page_ = page;
    }
    lends_ = may_grant();
    return e;
}

/* Finds out what such an access costs there; false: not always the same. */
bool Entrance::learn(Price &price, const MemoryPlace *place, bool is_write,
                     unsigned log2) const
{
    const InlineCost *cost = &place->cost[is_write][log2];
    const TimingModel *timing = port_->timing;
    const uint64_t period = port_->clock->period;
    const uint32_t cycles = static_cast<uint32_t>(cost->bus) + cost->target;
    if (timing && (!period || !timing->take || cost->beats != 1)) {
        return false;
    }
    price.place = place;
    price.cost = {cycles * period, cycles, cost->beats, 1U << log2,
                  place->target};
    price.time = from_ps(cycles * period);
    return true;
}

/* Puts edge_ to where an access begins that does not where the one before
 * ended: not before that did, and the delay is up to then. False: that is not
 * on an edge of the port's clock. */
bool Entrance::seek(uint64_t issue, sc_core::sc_time &delay)
{
    const uint64_t period = port_->clock->period;
    const uint64_t at = std::max(issue, last_issue_);
    if (!period || at % period) {
        return false;
    }
    if (at != issue) {
        delay += from_ps(at - issue);
    }
    cycle_ = at / period;
    edge_ = at;
    return true;
}

/* What is left to do when the bytes of an access issued at edge_ have moved. */
inline __attribute__((always_inline)) void
Entrance::quick_done(tlm_generic_payload &trans, sc_core::sc_time &delay,
                     const Price &price)
{
    last_issue_ = edge_;
    edge_ += price.cost.ps;
    cycle_ += price.cost.cycles;
    delay += price.time; // quicker than a time from its value
    core_->latest = std::max(core_->latest, edge_);
    trans.set_response_status(tlm::TLM_OK_RESPONSE);
}

/* False: nothing was done. */
inline __attribute__((always_inline)) bool
Entrance::quick_memory(tlm_generic_payload &trans, sc_core::sc_time &delay)
{
    const unsigned len = trans.get_data_length();
    const bool is_write = trans.is_write();
    const uint64_t addr = trans.get_address();
    const uint64_t page = addr & ~static_cast<uint64_t>(PAGE_SIZE_BYTES - 1);
    if (unlikely(!port_->entry)) {
        return false;
    }
    PortEntry *e = &port_->entry[(addr >> PAGE_BITS) % PORT_ENTRIES];
    if (unlikely((is_write ? e->write_tag : e->read_tag) != page)) {
        e = page == device_page_ ? nullptr : open(addr, is_write);
        if (!e) {
            return false;
        }
    }
    const unsigned log2 = static_cast<unsigned>(__builtin_ctz(len));
    Price &price = price_[is_write][log2];
    if (unlikely(price.place != e->place) &&
        !learn(price, e->place, is_write, log2)) {
        return false;
    }
    void *host = reinterpret_cast<void *>(e->host + addr);
    uint32_t *count = &e->count[is_write][log2];
    TimingModel *timing = port_->timing;
    if (timing && !timing->take(timing, port_, edge_, &price.cost)) {
        return false;
    }
    if (trans.is_write()) {
        copy(host, trans.get_data_ptr(), trans.get_data_length());
    } else {
        copy(trans.get_data_ptr(), host, trans.get_data_length());
    }
    if (unlikely(++*count == UINT32_MAX)) {
        port_fold(port_);
    }
    quick_done(trans, delay, price);
    trans.set_dmi_allowed(lends_);
    return true;
}

/* Where foreign regions are mapped a callback might wait(), and others would
 * need their turn. */
inline __attribute__((always_inline)) bool
Entrance::quick_device(tlm_generic_payload &trans, sc_core::sc_time &delay)
{
    if (core_->is_foreign()) {
        return false;
    }
    const uint64_t issue = edge_, cycle = cycle_;
    int64_t cycles;
    {
        Inside inside(*core_);
        cycles = port_quick_move(port_, trans.get_address(), cycle,
                                 trans.get_data_ptr(), trans.get_data_length(),
                                 trans.is_write());
    }
    if (cycles < 0) {
        return false;
    }
    if (cycles != device_cycles_) {
        device_cycles_ = cycles;
        device_.cost.cycles = static_cast<uint32_t>(cycles);
        device_.cost.ps = device_.cost.cycles * port_->clock->period;
        device_.time = from_ps(device_.cost.ps);
    }
    edge_ = issue; // the callback may have come in here itself
    cycle_ = cycle;
    quick_done(trans, delay, device_);
    trans.set_dmi_allowed(false);
    machine_.wake();
    return true;
}

void Entrance::to_device(tlm_generic_payload &trans, sc_core::sc_time &delay)
{
    if (!quick_device(trans, delay)) {
        full(trans, delay);
    }
}

void Entrance::b_transport(tlm_generic_payload &trans, sc_core::sc_time &delay)
{
    if (unlikely(busy_ || !is_plain(trans))) {
        return full(trans, delay);
    }
    const uint64_t now = to_ps(kernel_->time_stamp());
    if (unlikely(now + to_ps(delay) != edge_) &&
        !seek(now + to_ps(delay), delay)) {
        return full(trans, delay);
    }
    const uint64_t issue = edge_;
    if (unlikely(machine_.reach(issue)) &&
        (busy_ || machine_.failing() || kernel_ps() != now || edge_ != issue)) {
        return full(trans, delay);
    }
    if (!quick_memory(trans, delay)) {
        to_device(trans, delay);
    }
}

/* -- transactions --------------------------------------------------------- */

/* Moves the enabled bytes; done: in, when to begin; out, when all have moved.
 */
MemTxResult Entrance::move(tlm_generic_payload &trans, uint64_t &done)
{
    const TlmAttributes *more = trans.get_extension<TlmAttributes>();
    PortTx tx = {};
    tx.attrs.requester_id = port_->id;
    tx.kind = ACCESS_TLM;
    if (more) {
        tx.attrs = more->to_memory();
        tx.pc = more->pc;
    }
    const uint64_t va_offset =
        more && more->va ? more->va - trans.get_address() : 0;
    Inside inside(*core_);
    MemTxResult result = MEMTX_OK;
    const uint8_t *strobes = strobes_of(trans, strobes_);
    for_each_string(trans, [&](hwaddr addr, unsigned at, unsigned len) {
        tx.addr = addr;
        tx.va = addr + va_offset;
        tx.issue = done;
        tx.strobes = strobes ? strobes + at : nullptr;
        port_transfer(port_, &tx, trans.get_data_ptr() + at, len,
                      trans.is_write());
        result |= tx.result;
        done = tx.done + core_->debts.take(port_);
    });
    return result;
}

MemTxResult Entrance::move_exclusive(tlm_generic_payload &trans, uint64_t &done)
{
    TlmAttributes *more = trans.get_extension<TlmAttributes>();
    const unsigned len = trans.get_data_length();
    PortTx tx = {};
    tx.addr = trans.get_address();
    tx.va = more->va ? more->va : tx.addr;
    tx.pc = more->pc;
    tx.attrs = more->to_memory();
    tx.issue = done;
    tx.kind = ACCESS_TLM;
    uint64_t value = 0;
    Inside inside(*core_);
    if (trans.is_write()) {
        copy(&value, trans.get_data_ptr(), len);
        more->exclusive_ok = port_store_conditional(port_, &tx, len, value);
    } else {
        value = port_load_reserved(port_, &tx, len);
        copy(trans.get_data_ptr(), &value, len);
    }
    done = std::max(done, tx.done) + core_->debts.take(port_);
    return tx.result;
}

static bool may_be_exclusive(const tlm_generic_payload &t)
{
    const unsigned len = t.get_data_length();
    return len <= 8 && !(len & (len - 1)) && !(t.get_address() & (len - 1)) &&
           t.get_streaming_width() >= len && !t.get_byte_enable_ptr();
}

/* The same without time, count, record and side effect. */
MemTxResult Entrance::peek(tlm_generic_payload &trans)
{
    Inside inside(*core_);
    MemTxResult result = MEMTX_OK;
    for_each_string(trans, [&](hwaddr addr, unsigned at, unsigned len) {
        for (unsigned end = at + len; at < end; at++, addr++) {
            if (enabled(trans, at) &&
                !port_debug(port_, addr, trans.get_data_ptr() + at, 1,
                            trans.is_write())) {
                result = MEMTX_DECODE_ERROR;
            }
        }
    });
    return result;
}

void Entrance::full(tlm_generic_payload &trans, sc_core::sc_time &delay)
{
    uint64_t local = kernel_ps() + to_ps(delay);
    trans.set_dmi_allowed(false);
    if (trans.get_gp_option() == tlm::TLM_FULL_PAYLOAD) {
        trans.set_gp_option(tlm::TLM_FULL_PAYLOAD_ACCEPTED);
    }
    if (trans.get_command() == tlm::TLM_IGNORE_COMMAND) {
        trans.set_response_status(tlm::TLM_OK_RESPONSE);
        return;
    }
    trans.set_response_status(check(trans));
    if (!trans.is_response_ok()) {
        return;
    }
    const TlmAttributes *more = trans.get_extension<TlmAttributes>();
    if (more && more->debug) {
        trans.set_response_status(status_of(peek(trans)));
        return;
    }
    const bool exclusive = more && more->exclusive;
    if (exclusive && !may_be_exclusive(trans)) {
        trans.set_response_status(tlm::TLM_BURST_ERROR_RESPONSE);
        return;
    }
    Turn turn(*this);
    if (!turn.taken()) {
        trans.set_response_status(tlm::TLM_GENERIC_ERROR_RESPONSE);
        return;
    }
    local = std::max(local, kernel_ps());
    machine_.reach(local);
    uint64_t done = last_issue_ = std::max(local, last_issue_);
    if (last_issue_ > edge_) {
        edge_ = NO_EDGE;
    }
    Arrival arrival(*core_, port_, &trans);
    MemTxResult result =
        exclusive ? move_exclusive(trans, done) : move(trans, done);
    core_->latest = std::max(core_->latest, done);
    trans.set_response_status(status_of(result));
    PortWindow window;
    trans.set_dmi_allowed(result == MEMTX_OK && may_grant() &&
                          port_window(port_, trans.get_address(), &window));
    delay = from_ps(done - std::min(done, kernel_ps()));
    machine_.rethrow();
    machine_.wake();
}

unsigned Entrance::transport_dbg(tlm_generic_payload &trans)
{
    if ((!trans.is_read() && !trans.is_write()) || !trans.get_data_ptr()) {
        return 0;
    }
    Inside inside(*core_);
    return static_cast<unsigned>(
        port_debug(port_, trans.get_address(), trans.get_data_ptr(),
                   trans.get_data_length(), trans.is_write()));
}

/* -- direct access ------------------------------------------------------- */

/* False: it is not constant. */
bool Entrance::latency(uint64_t addr, bool is_write, uint64_t *ps) const
{
    const MemoryPlace *place = port_place(port_, addr, 0);
    const InlineCost *cost = &place->cost[is_write][__builtin_ctz(bytes_)];
    *ps = clock_time(port_->clock,
                     static_cast<uint64_t>(cost->bus) + cost->target);
    return cost->beats || !port_->timing;
}

bool Entrance::get_direct_mem_ptr(tlm_generic_payload &trans, tlm::tlm_dmi &dmi)
{
    hwaddr addr = trans.get_address();
    bool is_write = trans.is_write();
    dmi.init(); // all addresses, no access
    answered_ = true;
    if (!may_grant()) {
        return false;
    }
    Inside inside(*core_);
    dmi.set_start_address(addr);
    dmi.set_end_address(addr);
    PortWindow w = {};
    uint64_t reading, writing;
    if (!port_window(port_, addr, &w) || !latency(addr, false, &reading) ||
        !latency(addr, true, &writing)) {
        return false;
    }
    PortWindow open = w;
    bool plain = w.writable && plain_pages(open, addr, ~0U);
    if (is_write && !plain) {
        return false;
    }
    if (plain && (is_write || open.last - open.first == w.last - w.first)) {
        w = open;
        dmi.allow_read_write();
    } else {
        dmi.allow_read();
    }
    dmi.set_start_address(w.first);
    dmi.set_end_address(w.last);
    dmi.set_dmi_ptr(w.host);
    dmi.set_read_latency(from_ps(reading));
    dmi.set_write_latency(from_ps(writing));
    machine_note_grant(core_->machine, port_, w.mr, w.first, w.last);
    grants_++;
    return true;
}

void Entrance::invalidated(void *opaque, hwaddr first, hwaddr last)
{
    Entrance *self = static_cast<Entrance *>(opaque);
    self->device_page_ = NO_PAGE;
    if (self->answered_) {
        self->answered_ = false;
        try {
            self->withdraw_(first, last);
        } catch (...) { // not through the machine's C code
            self->machine_.fail(std::current_exception());
        }
    }
}

} // namespace socscope
