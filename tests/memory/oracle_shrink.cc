// oracle_shrink.cc - comparison, and shrinking of what differs.
#include "tests/memory/oracle_shrink.h"

#include <algorithm>
#include <cstdio>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/memory/oracle_real.h"

namespace oracle
{

// Both sides do the command. False: now they differ.
static bool step(const Command &command, Model *model, Real *real,
                 Difference *d)
{
    model->out.clear();
    real->out.clear();
    if (!model->run(command)) {
        return true;
    }
    d->run.push_back(command);
    real->hooks = model->hooks;
    real->run(command);
    if (model->out.find("\nln ") != std::string::npos) {
        real->out += real->compare_mirrors(*model);
    }
    if (model->out != real->out) {
        d->found = true;
        d->expected = model->out;
        d->actual = real->out;
    }
    return !d->found;
}

Difference compare(const Script &script, Flaw flaw, uint64_t paint,
                   unsigned paint_len)
{
    Difference d;
    Model model(flaw);
    Real real;
    std::string name;
    for (const Command &command : script) {
        if (!step(command, &model, &real, &d)) {
            return d;
        }
        name = command[0] == "region" ? command[2] : name;
    }
    if (paint_len == 0 || model.depth() > 0 || !model.region(name)) {
        return d;
    }
    // A root that was moved shows it with the next change: make one.
    bool on = model.region(name)->enabled;
    if (step({"enable", name, on ? "0" : "1"}, &model, &real, &d) &&
        step({"enable", name, on ? "1" : "0"}, &model, &real, &d)) {
        d.actual = real.compare_bytes(&model, paint, paint_len);
        d.found = !d.actual.empty();
        d.expected = "each byte as painted\n";
    }
    return d;
}

bool fails(const Script &script, Flaw flaw, uint64_t paint, unsigned paint_len)
{
    fflush(nullptr);
    pid_t child = fork();
    if (child == 0) {
        _exit(compare(script, flaw, paint, paint_len).found ? 1 : 0);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && status != 0;
}

// Halves how much a byte string access moves. False: not one, or one byte.
static bool shorten(Command *command)
{
    Command &c = *command;
    uint64_t len = 0;
    if (c.size() < 4) {
        return false;
    }
    if ((c[0] == "w" || c[0] == "wrom") && c[3].size() > 2) {
        c[3].resize(c[3].size() / 4 * 2);
        return true;
    }
    if ((c[0] == "r" || c[0] == "fill") && parse_number(c[3], &len) &&
        len > 1) {
        c[3] = std::to_string(len / 2);
        return true;
    }
    return false;
}

Script shrink(const Script &script, Flaw flaw, uint64_t paint,
              unsigned paint_len)
{
    Script best = script;
    auto still = [&](const Script &candidate) {
        if (!fails(candidate, flaw, paint, paint_len)) {
            return false;
        }
        best = candidate;
        return true;
    };
    bool smaller = true;
    while (smaller) {
        smaller = false;
        for (size_t chunk = best.size(); chunk > 0; chunk /= 2) {
            for (size_t at = best.size(); at > 0;) { // from the end
                at = at > chunk ? at - chunk : 0;
                if (at >= best.size()) {
                    continue;
                }
                Script next = best;
                size_t end = std::min(at + chunk, next.size());
                next.erase(next.begin() + static_cast<long>(at),
                           next.begin() + static_cast<long>(end));
                smaller |= still(next);
            }
        }
        for (size_t line = 0; line < best.size(); line++) {
            for (size_t word = best[line].size(); word-- > 1;) {
                const std::string &text = best[line][word];
                if (text.find('=') != std::string::npos || text == "sec" ||
                    text == "user") {
                    Script next = best;
                    next[line].erase(next[line].begin() +
                                     static_cast<long>(word));
                    smaller |= still(next);
                }
            }
            Script next = best;
            while (shorten(&next[line]) && still(next)) {
                smaller = true;
            }
        }
    }
    // what is left but was not legal did nothing
    Model model(flaw);
    Script legal;
    for (const Command &command : best) {
        if (model.run(command)) {
            legal.push_back(command);
        }
    }
    return legal;
}

std::string report(const Script &minimal, const Difference &difference)
{
    return "---- script ----\n" + script_text(minimal) +
           "---- expected ----\n" + difference.expected + "---- actual ----\n" +
           difference.actual + "----\n";
}

} // namespace oracle
