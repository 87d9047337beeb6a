/*
 * model.cc - see model.h.
 */
#include "sim/tlm/model.h"

#include <cerrno>
#include <cstdlib>

#include "sim/tlm/core.h"

namespace socscope
{

ModelPlace::ModelPlace(Machine &machine, ForeignDevice *device)
    : machine_(machine), device_(device)
{
    const std::string lines = device->with;
    for (size_t at = 0; at < lines.size();) {
        const size_t eq = lines.find('=', at), end = lines.find('\n', at);
        with_[lines.substr(at, eq - at)] = lines.substr(eq + 1, end - eq - 1);
        at = end + 1;
    }
}

std::string ModelPlace::text(const std::string &param,
                             const std::string &preset)
{
    used_.insert(param);
    auto at = with_.find(param);
    return at == with_.end() ? preset : at->second;
}

uint64_t ModelPlace::number(const std::string &param, uint64_t preset)
{
    const std::string given = text(param, "");
    if (given.empty()) {
        return preset;
    }
    char *end = nullptr;
    errno = 0;
    const uint64_t value = std::strtoull(given.c_str(), &end, 0);
    if (*end || errno || given[0] == '-') {
        throw Failure(param + ": \"" + given +
                      "\" is no number; write one, "
                      "such as 64 or 0x40");
    }
    return value;
}

void ModelPlace::interrupt(unsigned n, sc_core::sc_out<bool> &out)
{
    if (n >= FOREIGN_PINS) {
        throw Failure("its interrupt " + std::to_string(n) +
                      ": the model may have 0 to " +
                      std::to_string(FOREIGN_PINS - 1));
    }
    const std::string index = std::to_string(n);
    auto wire =
        std::make_shared<sc_core::sc_signal<bool>>(("wire_" + index).c_str());
    auto driver = std::make_shared<SignalIn>(("irq_" + index).c_str(), machine_,
                                             &device_->irq[n]);
    out.bind(*wire);
    driver->in.bind(*wire);
    parts_.push_back(std::move(wire));
    parts_.push_back(std::move(driver));
}

std::string ModelPlace::unused() const
{
    for (const auto &w : with_) {
        if (!used_.count(w.first)) {
            return w.first;
        }
    }
    return "";
}

} // namespace socscope
