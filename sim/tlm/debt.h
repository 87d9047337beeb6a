/*
 * debt.h - time that foreign targets took, and initiators still have to pay.
 * Private to sim/tlm/.
 *
 * Model    A port asks for the time of an access before it is performed; what a
 *          foreign target needs is known only after. So each port has a debt. A
 *          TargetPort pays at once, with the delay it returns. For other ports
 * a timing model stands in front of the one they had: while there is a debt,
 * waiting for the bus pays it off (with the debt paid in time the port would
 * have come later and waited less), and the next access to a foreign region
 * pays the rest as target time, in whole cycles of the port's clock. The bus is
 * not held for it. Accesses through inline entries never wait, so they need not
 * be seen: the fast path changes nothing. Units    picoseconds.
 */
#ifndef SIM_TLM_DEBT_H
#define SIM_TLM_DEBT_H

#include <cstdint>
#include <memory>
#include <vector>

#include "memory/port.h"

namespace socscope
{

class Debts
{
  public:
    Debts();
    ~Debts();
    Debts(const Debts &) = delete;
    Debts &operator=(const Debts &) = delete;

    // The region of this timing is foreign: accesses to it pay.
    void add_foreign(const TimingModel *timing);
    // An access of that port took so long; NULL: of nobody who could pay.
    void add(MemoryPort *port, uint64_t ps);
    // A port that pays by itself: its debt up to now.
    void pays_itself(MemoryPort *port);
    uint64_t take(MemoryPort *port);
    // What is open in all.
    uint64_t open() const;
    // Gives the ports their timing models back; before they are freed.
    void leave();

  private:
    struct Account;
    Account &account(MemoryPort *port);
    static void access(TimingModel *model, TimingRequest *rq);
    static void request(TimingModel *model, TimingRequest *rq);
    static bool inline_form(TimingModel *model, const TimingRequest *rq,
                            TimingInline *form);
    static uint64_t clear_at(TimingModel *model);
    static void totals(TimingModel *model, const TimingRequest *rq, uint64_t n);
    bool is_foreign(const TimingModel *timing) const;
    static uint64_t pay(Account &account, const TimingRequest *rq);

    std::vector<std::unique_ptr<Account>> accounts_;
    std::vector<const TimingModel *> foreign_;
};

} // namespace socscope
#endif
