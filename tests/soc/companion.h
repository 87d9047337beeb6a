// A second device on a bench, such as one that hangs on the first.
#ifndef TESTS_SOC_COMPANION_H
#define TESTS_SOC_COMPANION_H

#include "tests/soc/bench.h"

template <typename T> struct Companion {
    T *model;
    Device *dev;
    template <typename B, typename F>
    Companion(B &bench, const DeviceClass &cls, F prepare)
    {
        model = static_cast<T *>(std::calloc(1, cls.size));
        dev = reinterpret_cast<Device *>(model);
        dev->cls = &cls;
        dev->name = "companion";
        dev->events = &bench.queue;
        dev->clock = &bench.clock;
        dev->host = &bench.host;
        for (const ParamSpec *p = cls.params; p && p->name; p++) {
            char *at = reinterpret_cast<char *>(dev) + p->offset;
            if (p->type == PARAM_UINT || p->type == PARAM_HZ ||
                p->type == PARAM_SIZE || p->type == PARAM_TIME) {
                *reinterpret_cast<uint64_t *>(at) = p->preset;
            } else if (p->type == PARAM_STRING || p->type == PARAM_FILE) {
                *reinterpret_cast<const char **>(at) = p->text;
            }
        }
        prepare(model);
    }
    Companion(const Companion &) = delete;
    Companion &operator=(const Companion &) = delete;
    bool init(std::string *why = nullptr)
    {
        Error *err = nullptr;
        bool ok = dev->cls->init(dev, &err) &&
                  (!dev->cls->link || dev->cls->link(dev, &err));
        if (err) {
            if (why) {
                *why = error_message(err);
            }
            error_free(err);
        }
        if (ok) {
            dev->cls->reset(dev);
        }
        made = ok;
        return ok;
    }
    ~Companion()
    {
        if (made && dev->cls->fini) {
            dev->cls->fini(dev);
        }
        std::free(model);
    }

  private:
    bool made = false;
};

#endif
