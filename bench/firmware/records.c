/*
 * records.c - ordinary program code: records, strings, calls, small integers.
 *
 * A stock of parts is looked up by name, copied, compared, re-priced and sorted
 * into bins, ROUNDS times; the checksum of all of it is printed and checked. Of
 * our own, in the spirit of the old synthetic benchmarks: short functions,
 * assignments of structures, strings of 16 to 30 characters, few loops. Plain
 * instructions only: it runs on interpreters without CSRs.
 */
#include "tests/firmware/plat.h"

enum { PARTS = 24, NAME = 32, BINS = 8 };

typedef enum Kind { SCREW, NUT, WASHER, KINDS } Kind;

typedef struct Part {
    struct Part *next;
    Kind kind;
    int32_t stock, price;
    char name[NAME];
} Part;

static Part part[PARTS];
static Part *bin[BINS];
static int32_t sold[KINDS];
static char label[NAME];

#define APART __attribute__((noinline))

static APART void copy(char *to, const char *from)
{
    while ((*to++ = *from++)) {
    }
}

static APART int compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

static APART Kind kind_after(Kind kind)
{
    switch (kind) {
    case SCREW: return NUT;
    case NUT: return WASHER;
    default: return SCREW;
    }
}

static APART int32_t price_of(const Part *p, int32_t pieces)
{
    int32_t price = p->price * pieces;

    if (pieces > 10) {
        price -= price / 8;
    }
    return price + (p->kind == WASHER);
}

static APART void name_part(char *name, unsigned i)
{
    static const char *const word[KINDS] = {
        "steel screw, size ", "brass hexagonal nut ", "washer of rubber no. "};

    copy(name, word[i % KINDS]);
    while (*name) {
        name++;
    }
    name[0] = (char)('A' + i / 10);
    name[1] = (char)('0' + i % 10);
    name[2] = '\0';
}

static APART Part *find(const char *name)
{
    for (unsigned b = 0; b < BINS; b++) {
        for (Part *p = bin[b]; p; p = p->next) {
            if (!compare(p->name, name)) {
                return p;
            }
        }
    }
    return NULL;
}

static void stock_up(void)
{
    for (unsigned i = 0; i < PARTS; i++) {
        part[i].kind = (Kind)(i % KINDS);
        part[i].stock = 100;
        part[i].price = (int32_t)(3 + i * 7 % 11);
        name_part(part[i].name, i);
        part[i].next = bin[i % BINS];
        bin[i % BINS] = &part[i];
    }
}

static APART uint32_t sell(unsigned which, int32_t pieces)
{
    Part order;
    Part *p;

    name_part(label, which);
    p = find(label);
    if (!p) {
        return 1;
    }
    order = *p; /* a record is assigned */
    order.kind = kind_after(order.kind);
    order.stock -= pieces;
    if (order.stock < 0) {
        order.stock += 200;
    }
    sold[order.kind] += price_of(p, pieces);
    p->stock = order.stock;
    p->price = order.price % 17 + 1;
    return (uint32_t)(order.stock ^ p->price << 8) + (uint32_t)order.kind;
}

int main(void)
{
    uint32_t sum = 0;

    stock_up();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sum =
            (sum << 1 | sum >> 31) ^ sell(i * 5 % PARTS, (int32_t)(i % 13 + 1));
    }
    sum ^= (uint32_t)(sold[SCREW] + 3 * sold[NUT] + 5 * sold[WASHER]);
    put_text("records ");
    put_hex(sum, 8);
    put_text(sum == EXPECTED ? " right\n" : " WRONG\n");
    return sum != EXPECTED;
}
