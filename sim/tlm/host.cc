/*
 * host.cc - `socscope run` with models from shared libraries: the run inside of
 * the SystemC kernel. A library of its own, which the program loads.
 *
 * Model    libsystemc elaborates once and calls sc_main(); so the whole run is
 *          in there, from reading the configuration on. Models are made after
 *          the machine and before any output.
 */
#include <cstring>
#include <dlfcn.h>
#include <memory>
#include <systemc>
#include <vector>

#include "sim/cli_host.h"
#include "sim/tlm/core.h"
#include "sim/tlm/model.h"

namespace
{

using socscope::Failure;
using socscope::ModelAbi;
using socscope::ModelPlace;

const ConfigDevice *entry_of(const Config *cfg, const Device *dev)
{
    for (unsigned i = 0; i < cfg->devices; i++) {
        if (!std::strcmp(cfg->device[i].name, dev->name)) {
            return &cfg->device[i];
        }
    }
    return nullptr;
}

std::string standard(long cplusplus)
{
    return "C++" + std::to_string(cplusplus / 100 % 100);
}

/* Why dlopen() failed, in words that help. */
std::string explain(const std::string &reason)
{
    if (reason.find("sc_api_version_") != std::string::npos) {
        return "it was compiled for another SystemC or another C++ standard (" +
               reason + "); compile it as " + standard(__cplusplus) +
               " against SystemC " + sc_core::sc_version_string.substr(0, 5) +
               ", with the flags of pkg-config socscope-tlm";
    }
    return reason + "; name a shared library that was linked with the flags "
                    "of pkg-config socscope-tlm";
}

void check_abi(const ModelAbi &abi)
{
    const ModelAbi own = socscope::model_abi();
    const std::string again =
        "; compile it anew with the flags of pkg-config socscope-tlm";
    if (abi.size != own.size || abi.version != own.version) {
        throw Failure("it was made for another version of socscope" + again);
    }
    if (abi.cplusplus != own.cplusplus) {
        throw Failure("it was compiled as " + standard(abi.cplusplus) +
                      ", socscope as " + standard(own.cplusplus) + again);
    }
    if (abi.systemc != own.systemc) {
        throw Failure("it was compiled for the SystemC of " +
                      std::to_string(abi.systemc) + ", this is the one of " +
                      std::to_string(own.systemc) + again);
    }
    if (abi.module_size != own.module_size ||
        abi.payload_size != own.payload_size ||
        abi.machine_size != own.machine_size ||
        abi.entrance_size != own.entrance_size) {
        throw Failure("its SystemC was configured differently" + again);
    }
}

void *symbol(void *library, const char *name)
{
    void *at = dlsym(library, name);
    if (!at) {
        throw Failure(std::string("it has no ") + name +
                      "(); write SOCSCOPE_TLM_MODEL(CLASS) in it");
    }
    return at;
}

class Platform
{
  public:
    Platform(::Machine *machine, const Config *cfg)
        : machine_("machine", machine)
    {
        machine_.stop_at_end(true);
        for (unsigned i = 0; i < machine_devices(machine); i++) {
            Device *dev = machine_device(machine, i)->dev;
            if (dev->cls == &foreign_class) {
                add(reinterpret_cast<ForeignDevice *>(dev), entry_of(cfg, dev));
            }
        }
    }
    ~Platform()
    {
        models_.clear();
        places_.clear();
    }
    Platform(const Platform &) = delete;
    Platform &operator=(const Platform &) = delete;
    socscope::Machine &machine() { return machine_; }

  private:
    void add(ForeignDevice *device, const ConfigDevice *entry)
    {
        try {
            make(device);
        } catch (const std::exception &e) {
            std::string where = entry->at.file;
            where += entry->at.line ? ":" + std::to_string(entry->at.line) : "";
            throw Failure(where + ": " + device->dev.name + ": " +
                          device->library + ": " + e.what());
        }
    }
    void make(ForeignDevice *device)
    {
        const std::string file = std::strchr(device->library, '/')
                                     ? device->library
                                     : std::string("./") + device->library;
        void *library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) {
            throw Failure(explain(dlerror()));
        }
        using Abi = void(ModelAbi *);
        using Create = sc_core::sc_module *(ModelPlace &);
        ModelAbi abi = {};
        reinterpret_cast<Abi *>(symbol(library, "socscope_tlm_abi"))(&abi);
        check_abi(abi);
        auto *create =
            reinterpret_cast<Create *>(symbol(library, "socscope_tlm_create"));
        places_.push_back(std::make_unique<ModelPlace>(machine_, device));
        ModelPlace &place = *places_.back();
        models_.emplace_back(create(place));
        if (!models_.back()) {
            throw Failure("it has no model \"" + place.model() + "\"");
        }
        if (!place.mapped()) {
            throw Failure("the model has no registers; it should call map()");
        }
        if (!place.unused().empty()) {
            throw Failure("with: the model has no parameter \"" +
                          place.unused() + "\"; remove it");
        }
    }

    socscope::Machine machine_;
    std::vector<std::unique_ptr<ModelPlace>> places_;
    std::vector<std::unique_ptr<sc_core::sc_module>> models_;
};

struct Context {
    int argc = 0;
    char **argv = nullptr;
    std::unique_ptr<Platform> platform;
};

std::string text_of(const std::exception &e)
{
    const auto *report = dynamic_cast<const sc_core::sc_report *>(&e);
    return report
               ? std::string(report->get_msg_type()) + ": " + report->get_msg()
               : std::string(e.what());
}

bool begin(void *opaque, ::Machine *m, const Config *cfg, Error **errp)
{
    auto *c = static_cast<Context *>(opaque);
    try {
        c->platform = std::make_unique<Platform>(m, cfg);
        return true;
    } catch (const std::exception &e) {
        return error_set(errp, "%s", text_of(e).c_str());
    }
}

MachineStop run(void *opaque, Error **errp)
{
    auto *c = static_cast<Context *>(opaque);
    try {
        sc_core::sc_start();
    } catch (const std::exception &e) {
        error_set(errp, "a model failed: %s", text_of(e).c_str());
    } catch (...) {
        error_set(errp, "a model failed with an exception of its own");
    }
    return c->platform->machine().stop_reason();
}

void end(void *opaque)
{
    static_cast<Context *>(opaque)->platform.reset();
}

} // namespace

/* The context comes as text: sc_main() takes nothing else. */
extern "C" int sc_main(int argc, char **argv)
{
    Context *context = nullptr;
    if (argc != 2 ||
        std::sscanf(argv[1], "%p", reinterpret_cast<void **>(&context)) != 1) {
        return CLI_USAGE;
    }
    sc_core::sc_report_handler::set_actions("/OSCI/SystemC",
                                            sc_core::SC_DO_NOTHING);
    const RunHost host = {begin, run, end, context};
    return cli_run_hosted(context->argc, context->argv, &host);
}

extern "C" __attribute__((visibility("default"))) int
socscope_tlm_run(int argc, char **argv)
{
    Context context;
    context.argc = argc;
    context.argv = argv;
    char name[] = "socscope", where[32];
    std::snprintf(where, sizeof(where), "%p", static_cast<void *>(&context));
    char *args[] = {name, where, nullptr};
    return sc_core::sc_elab_and_sim(2, args);
}
