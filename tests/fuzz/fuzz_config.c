/*
 * fuzz_config.c - any text as a machine description: a Config or one line of
 * error; a Config printed and read back is the same.
 *
 * Input    a description; after a NUL byte, --set texts, NUL between them.
 */
#include <string.h>

#include "sim/config.h"
#include "tests/fuzz/fuzz.h"

enum { MAX_SETS = 8 };

static void check_error(Error *err)
{
    FUZZ_CHECK(err != NULL);
    const char *text = error_message(err);
    FUZZ_CHECK(strncmp(text, "fuzz.yaml", 9) == 0 ||
               strncmp(text, "--set", 5) == 0 || strchr(text, ':'));
    FUZZ_CHECK(strchr(text, '\n') == NULL);
    error_free(err);
}

static void check_reads_back(const Config *cfg)
{
    char *text = config_text(cfg);
    Error *err = NULL;
    Config *again = config_parse(text, strlen(text), "again.yaml", NULL, &err);
    if (!again) {
        fprintf(stderr, "%s\n%s\n", error_message(err), text);
    }
    FUZZ_CHECK(again != NULL);
    char *same = config_text(again);
    FUZZ_CHECK(strcmp(text, same) == 0);
    free(same);
    free(text);
    config_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *copy = malloc(size + 1);
    if (!copy) {
        return 0;
    }
    if (size) {
        memcpy(copy, data, size);
    }
    copy[size] = '\0';
    const char *set[MAX_SETS + 1] = {NULL};
    size_t len = strlen(copy);
    size_t at = len + 1;
    for (int i = 0; i < MAX_SETS && at <= size; i++) {
        set[i] = copy + at;
        at += strlen(copy + at) + 1;
    }
    Error *err = NULL;
    Config *cfg = config_parse(copy, len, "fuzz.yaml", set, &err);
    if (cfg) {
        FUZZ_CHECK(err == NULL);
        check_reads_back(cfg);
        config_free(cfg);
    } else {
        check_error(err);
    }
    free(copy);
    return 0;
}
