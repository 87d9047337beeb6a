/*
 * cli_host.c - finds and loads the library in which models run.
 *
 * It stands beside the program, or where the program was installed from:
 * PREFIX/bin and PREFIX/lib/socscope. The program itself knows no SystemC.
 */
#include "sim/cli_host.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "soc/foreign.h"

bool cli_needs_host(const Config *cfg)
{
    for (unsigned i = 0; i < cfg->devices; i++) {
        if (cfg->device[i].cls == &foreign_class) {
            return true;
        }
    }
    return false;
}

static void *open_in(const char *folder, const char *below)
{
    char path[4500];
    snprintf(path, sizeof(path), "%s/%ssocscope-tlm-host.so", folder, below);
    return access(path, R_OK) == 0 ? dlopen(path, RTLD_NOW | RTLD_GLOBAL)
                                   : NULL;
}

int cli_host_load(int argc, char **argv)
{
    char folder[4096];
    ssize_t n = readlink("/proc/self/exe", folder, sizeof(folder) - 1);
    folder[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash) {
        *slash = '\0';
    }
    dlerror();
    void *host = open_in(folder, "");
    host = host ? host : open_in(folder, "../lib/socscope/");
    const char *why = host ? NULL : dlerror();
    if (!host) {
        return cli_error("type: tlm needs the SystemC bridge: %s; install "
                         "socscope with it, and libsystemc",
                         why ? why : "socscope-tlm-host.so is not there");
    }
    union {
        void *object;
        int (*run)(int argc, char **argv);
    } at = {.object = dlsym(host, "socscope_tlm_run")};
    if (!at.object) {
        return cli_error("%s/socscope-tlm-host.so is of another version; "
                         "install it anew",
                         folder);
    }
    setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 0);
    optind = 0; /* it parses the options anew */
    return at.run(argc, argv);
}
