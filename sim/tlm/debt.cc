/*
 * debt.cc - see debt.h for the model.
 */
#include "sim/tlm/debt.h"

#include <algorithm>
#include <utility>

namespace socscope
{

struct Debts::Account {
    TimingModel model{}; // first: what a port hands back is its address
    Debts *all = nullptr;
    MemoryPort *port = nullptr;
    TimingModel *inner = nullptr; // NULL: not in front of anything
    bool pays_itself = false;
    uint64_t debt = 0;

    static Account &of(TimingModel *m)
    {
        return *reinterpret_cast<Account *>(m);
    }
    // What it is in front of keeps lines: so does it.
    void be_cache()
    {
        if (!inner->lines) {
            return;
        }
        model.lines = inner->lines;
        model.keeps = [](const TimingModel *m, hwaddr addr) {
            const auto *a = reinterpret_cast<const Account *>(m);
            return a->inner->keeps(a->inner, addr);
        };
        model.touch = [](TimingModel *m, hwaddr addr, uint32_t size,
                         bool is_write) {
            TimingModel *cache = of(m).inner;
            return cache->touch(cache, addr, size, is_write);
        };
        model.fence_i = [](TimingModel *m) {
            of(m).inner->fence_i(of(m).inner);
        };
    }
};

Debts::Debts() = default;

Debts::~Debts()
{
    leave();
}

void Debts::leave()
{
    for (auto &a : accounts_) {
        if (a->inner) {
            a->port->timing = a->inner;
        }
    }
    accounts_.clear();
}

Debts::Account &Debts::account(MemoryPort *port)
{
    for (auto &a : accounts_) {
        if (a->port == port) {
            return *a;
        }
    }
    accounts_.push_back(std::make_unique<Account>());
    Account &a = *accounts_.back();
    a.all = this;
    a.port = port;
    return a;
}

bool Debts::is_foreign(const TimingModel *timing) const
{
    return std::find(foreign_.begin(), foreign_.end(), timing) !=
           foreign_.end();
}

void Debts::add_foreign(const TimingModel *timing)
{
    foreign_.push_back(timing);
}

void Debts::pays_itself(MemoryPort *port)
{
    account(port).pays_itself = true;
}

uint64_t Debts::take(MemoryPort *port)
{
    return std::exchange(account(port).debt, 0);
}

uint64_t Debts::open() const
{
    uint64_t sum = 0;
    for (auto &a : accounts_) {
        sum += a->debt;
    }
    return sum;
}

void Debts::add(MemoryPort *port, uint64_t ps)
{
    if (!port || !ps) {
        return;
    }
    Account &a = account(port);
    if (!a.pays_itself && !a.inner) {
        if (!port->timing) {
            return; /* its accesses take no time */
        }
        a.inner = port->timing;
        a.model.name = a.inner->name;
        a.model.id = a.inner->id;
        a.model.access = access;
        a.model.request = a.inner->request ? request : nullptr;
        a.model.inline_form = a.inner->inline_form ? inline_form : nullptr;
        a.model.clear_at = a.inner->clear_at ? clear_at : nullptr;
        a.model.account = a.inner->account ? totals : nullptr;
        a.be_cache();
        port->timing = &a.model;
    }
    a.debt += ps;
}

/* -- in front of a timing model ------------------------------------------- */

/* Whole cycles of debt that this request pays now. */
uint64_t Debts::pay(Account &a, const TimingRequest *rq)
{
    if (!a.debt || !a.all->is_foreign(rq->target)) {
        return 0;
    }
    const ClockDomain *clk = a.port->clock;
    uint64_t whole = clock_time(clk, clock_cycle_in(clk, a.debt));
    a.debt -= whole;
    return whole;
}

void Debts::access(TimingModel *model, TimingRequest *rq)
{
    Account &a = Account::of(model);
    a.inner->access(a.inner, rq);
    a.debt -= std::min(a.debt, timing_waited(rq));
    uint64_t paid = pay(a, rq);
    rq->done += paid;
    rq->target_ps += paid;
    rq->beat_first += paid;
}

/* Who asks and does not wait comes later. */
void Debts::request(TimingModel *model, TimingRequest *rq)
{
    Account &a = Account::of(model);
    rq->issue += pay(a, rq);
    a.inner->request(a.inner, rq);
}

bool Debts::inline_form(TimingModel *model, const TimingRequest *rq,
                        TimingInline *form)
{
    Account &a = Account::of(model);
    return a.inner->inline_form(a.inner, rq, form);
}

uint64_t Debts::clear_at(TimingModel *model)
{
    Account &a = Account::of(model);
    return a.inner->clear_at(a.inner);
}

void Debts::totals(TimingModel *model, const TimingRequest *rq, uint64_t n)
{
    Account &a = Account::of(model);
    a.inner->account(a.inner, rq, n);
}

} // namespace socscope
