/*
 * stdio.c - the C library's stdout on the polled console.
 */
#include <stdio.h>

#include "plat.h"

static int console_put(char c, FILE *file)
{
    (void)file;
    put_char(c);
    return (unsigned char)c;
}

static FILE console =
    FDEV_SETUP_STREAM(console_put, NULL, NULL, _FDEV_SETUP_WRITE);
FILE *const stdout = &console;
FILE *const stderr = &console;
FILE *const stdin = NULL;
