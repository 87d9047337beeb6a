/* names.h - what names_2015.c and names_2021.c found. */
#ifndef TESTS_MEMORY_API_NAMES_NAMES_H
#define TESTS_MEMORY_API_NAMES_NAMES_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ApiName {
    const char *name; /* as published */
    const char *kind;
    void (*function)(void); /* NULL unless it is one */
    size_t size;            /* bytes; 0 for functions */
} ApiName;

extern const ApiName api_names_2015[];
extern const size_t api_names_2015_count;
extern const ApiName api_names_2021[];
extern const size_t api_names_2021_count;
/* What the included template files make: no rows of their own. */
extern const ApiName api_names_templates[];
extern const size_t api_names_templates_count;

#ifdef __cplusplus
}
#endif
#endif
