/*
 * main.c - the program: finds the subcommand and hands over.
 */
#include <string.h>

#include "sim/cli.h"

static const CliCommand *const commands[] = {
    &cli_run,   &cli_report,  &cli_diff,      &cli_sql,
    &cli_check, &cli_export,  &cli_expand,    &cli_recover,
    &cli_map,   &cli_devices, &cli_calibrate,
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int print_help(FILE *out)
{
    fputs("socscope simulates a system-on-chip and records what it does.\n\n"
          "usage: socscope COMMAND [ARGUMENT...]\n\n",
          out);
    for (unsigned i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-9s %s\n", commands[i]->name, commands[i]->summary);
    }
    fputs("  help      help COMMAND: what it takes\n\n"
          "socscope COMMAND --help does the same. socscope --version prints "
          "the version.\n",
          out);
    return CLI_OK;
}

static const CliCommand *find(const char *name)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (!strcmp(commands[i]->name, name)) {
            return commands[i];
        }
    }
    return NULL;
}

static int unknown(const char *name)
{
    ConfigHint hint;
    config_hint_init(&hint, name);
    for (unsigned i = 0; i < COMMANDS; i++) {
        config_hint_offer(&hint, commands[i]->name);
    }
    config_hint_offer(&hint, "help");
    return cli_error("unknown command \"%.60s\"; %s", name,
                     config_hint_text(&hint, ""));
}

static int print_command_help(const char *name)
{
    const CliCommand *command = find(name);
    if (!command) {
        return unknown(name);
    }
    fputs(command->help, stdout);
    fputs(command->more ? command->more : "", stdout);
    return CLI_OK;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        return cli_error("no command; see socscope --help");
    }
    const char *name = argv[1];
    if (!strcmp(name, "--help") || !strcmp(name, "-h")) {
        return print_help(stdout);
    }
    if (!strcmp(name, "--version")) {
        printf("socscope %s\n", SOCSCOPE_VERSION);
        return CLI_OK;
    }
    if (!strcmp(name, "help")) {
        return argc > 2 ? print_command_help(argv[2]) : print_help(stdout);
    }
    const CliCommand *command = find(name);
    if (!command) {
        return unknown(name);
    }
    for (int i = 2; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (!strcmp(argv[i], "--help")) {
            return print_command_help(name);
        }
    }
    return command->run(argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
    int status = dispatch(argc, argv);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == CLI_OK) {
        return cli_error("cannot write to standard output; is the disk full?");
    }
    return status;
}
