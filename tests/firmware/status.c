/*
 * status.c - a program that fails: one line and exit status 42.
 */
#include "plat.h"

int main(void)
{
    put_text("status: this program ends with 42\n");
    return 42;
}
