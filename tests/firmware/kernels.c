/*
 * kernels.c - sorting, matrices, a state machine, lists, filters, transforms.
 *
 * Model    The kinds of work embedded benchmark suites use, written anew:
 *          integers of fixed width only, so that every machine agrees.
 * Source   Textbook algorithms; the FFT is the radix-2 decimation in time with
 *          Q14 twiddles computed by a rotation recurrence.
 */
#include "kernels.h"

uint32_t checksum(const void *bytes, size_t len)
{
    const uint8_t *p = bytes;
    uint32_t hash = 2166136261u;

    while (len--) {
        hash = (hash ^ *p++) * 16777619;
    }
    return hash;
}

/* -- quicksort ----------------------------------------------------------------
 */
enum { SORT_COUNT = 700 };

static void quicksort(uint32_t *a, int low, int high)
{
    while (high - low > 8) {
        const uint32_t pivot = a[low + (high - low) / 2];
        int i = low, j = high;

        while (i <= j) {
            while (a[i] < pivot) {
                i++;
            }
            while (a[j] > pivot) {
                j--;
            }
            if (i <= j) {
                const uint32_t t = a[i];
                a[i++] = a[j];
                a[j--] = t;
            }
        }
        /* The smaller part by recursion: the depth stays logarithmic. */
        if (j - low < high - i) {
            quicksort(a, low, j);
            low = i;
        } else {
            quicksort(a, i, high);
            high = j;
        }
    }
    for (int i = low + 1; i <= high; i++) {
        const uint32_t v = a[i];
        int j = i - 1;

        while (j >= low && a[j] > v) {
            a[j + 1] = a[j];
            j--;
        }
        a[j + 1] = v;
    }
}

uint32_t kernel_sort(uint32_t seed)
{
    static uint32_t a[SORT_COUNT];
    uint32_t before = 0, after = 0;

    for (int i = 0; i < SORT_COUNT; i++) {
        seed = lcg(seed);
        a[i] = seed >> 3;
        before += a[i];
    }
    quicksort(a, 0, SORT_COUNT - 1);
    for (int i = 0; i < SORT_COUNT; i++) {
        after += a[i];
        if (i && a[i - 1] > a[i]) {
            return KERNEL_BROKEN;
        }
    }
    return before == after ? checksum(a, sizeof a) : KERNEL_BROKEN;
}

/* -- matrix product
 * ------------------------------------------------------------- */
enum { MATRIX = 20 };

uint32_t kernel_matrix(uint32_t seed)
{
    static int32_t a[MATRIX][MATRIX], b[MATRIX][MATRIX], c[MATRIX][MATRIX];

    for (int i = 0; i < MATRIX; i++) {
        for (int j = 0; j < MATRIX; j++) {
            seed = lcg(seed);
            a[i][j] = (int32_t)(seed >> 16) - 32768;
            b[i][j] = (int32_t)(seed & 0xfff) - 2048;
        }
    }
    for (int i = 0; i < MATRIX; i++) {
        for (int j = 0; j < MATRIX; j++) {
            int32_t sum = 0;

            for (int k = 0; k < MATRIX; k++) {
                sum += (a[i][k] * b[k][j]) >> 4;
            }
            c[i][j] = sum;
        }
    }
    return checksum(c, sizeof c);
}

/* -- a state machine: words, numbers and strings in a text
 * -------------------------- */
enum State { BETWEEN, WORD, NUMBER, FRACTION, HEX, STRING, ESCAPE, STATES };

static enum State state_next(enum State state, char c)
{
    switch (state) {
    case BETWEEN:
        if (c >= '0' && c <= '9') {
            return NUMBER;
        }
        if (c == '"') {
            return STRING;
        }
        return (c >= 'a' && c <= 'z') || c == '_' ? WORD : BETWEEN;
    case WORD:
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'
                   ? WORD
                   : BETWEEN;
    case NUMBER:
        if (c == '.') {
            return FRACTION;
        }
        if (c == 'x') {
            return HEX;
        }
        return c >= '0' && c <= '9' ? NUMBER : BETWEEN;
    case FRACTION: return c >= '0' && c <= '9' ? FRACTION : BETWEEN;
    case HEX:
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ? HEX : BETWEEN;
    case STRING:
        if (c == '\\') {
            return ESCAPE;
        }
        return c == '"' ? BETWEEN : STRING;
    case ESCAPE: return STRING;
    default: return BETWEEN;
    }
}

uint32_t kernel_state(uint32_t seed)
{
    static const char alphabet[] = "abcxyz_ 0123456789.x\"\\ \n;,(";
    uint32_t visits[STATES] = {0}, changes[STATES] = {0};
    enum State state = BETWEEN;

    for (int i = 0; i < 2500; i++) {
        enum State next;

        seed = lcg(seed);
        next =
            state_next(state, alphabet[(seed >> 16) % (sizeof alphabet - 1)]);
        visits[next]++;
        changes[state] += next != state;
        state = next;
    }
    return checksum(visits, sizeof visits) ^ checksum(changes, sizeof changes);
}

/* -- a linked list: build, reverse, merge sort, search
 * ------------------------------- */
typedef struct Node {
    struct Node *next;
    uint32_t key;
} Node;
enum { NODES = 250 };

static Node *list_merge(Node *a, Node *b)
{
    Node head = {NULL, 0}, *tail = &head;

    while (a && b) {
        Node **smaller = a->key <= b->key ? &a : &b;
        tail->next = *smaller;
        tail = *smaller;
        *smaller = tail->next;
    }
    tail->next = a ? a : b;
    return head.next;
}

static Node *list_sort(Node *list)
{
    Node *slow = list, *fast, *second;

    if (!list || !list->next) {
        return list;
    }
    fast = list->next;
    while (fast && fast->next) {
        slow = slow->next;
        fast = fast->next->next;
    }
    second = slow->next;
    slow->next = NULL;
    return list_merge(list_sort(list), list_sort(second));
}

uint32_t kernel_list(uint32_t seed)
{
    static Node pool[NODES];
    Node *list = NULL, *reversed = NULL;
    uint32_t sum = 2166136261u, found = 0, place = 0;

    for (int i = 0; i < NODES; i++) {
        /* 97 and NODES share no factor: every node once, in a scattered order
         */
        Node *node = &pool[(i * 97) % NODES];
        seed = lcg(seed);
        node->key = seed >> 12;
        node->next = list;
        list = node;
    }
    while (list) {
        Node *next = list->next;
        list->next = reversed;
        reversed = list;
        list = next;
    }
    list = list_sort(reversed);
    for (const Node *n = list; n; n = n->next) {
        if (n->next && n->next->key < n->key) {
            return KERNEL_BROKEN;
        }
        sum = (sum ^ n->key) * 16777619;
    }
    for (int i = 0; i < 40; i++) {
        seed = lcg(seed);
        place = 0;
        for (const Node *n = list; n && n->key < seed >> 12; n = n->next) {
            place++;
        }
        found += place;
    }
    return sum ^ found;
}

/* -- an FIR filter, Q15
 * ----------------------------------------------------------- */
enum { TAPS = 24, SAMPLES = 400 };

uint32_t kernel_fir(uint32_t seed)
{
    static int16_t in[SAMPLES + TAPS], out[SAMPLES];
    int16_t tap[TAPS];

    for (int i = 0; i < TAPS; i++) {
        /* a triangle: the plainest low pass */
        tap[i] = (int16_t)(200 * (i < TAPS / 2 ? i + 1 : TAPS - i));
    }
    for (int i = 0; i < SAMPLES + TAPS; i++) {
        seed = lcg(seed);
        in[i] = (int16_t)(seed >> 16);
    }
    for (int i = 0; i < SAMPLES; i++) {
        int32_t sum = 0;

        for (int k = 0; k < TAPS; k++) {
            sum += (in[i + k] * tap[k]) >> 4;
        }
        out[i] = (int16_t)(sum >> 11);
    }
    return checksum(out, sizeof out);
}

/* -- a 256-point complex FFT, Q14
 * --------------------------------------------------- */
enum { FFT = 256, FFT_BITS = 8 };

uint32_t kernel_fft(uint32_t seed)
{
    static int32_t re[FFT], im[FFT];
    /* cos and -sin of 2 pi / 2^n in Q14, n = 1 .. 8 */
    static const int32_t step_re[] = {-16384, 0,     11585, 15137,
                                      16069,  16305, 16364, 16379};
    static const int32_t step_im[] = {0,     -16384, -11585, -6270,
                                      -3196, -1606,  -804,   -402};

    for (int i = 0; i < FFT; i++) {
        int reversed = 0;

        for (int bit = 0; bit < FFT_BITS; bit++) {
            reversed |= ((i >> bit) & 1) << (FFT_BITS - 1 - bit);
        }
        seed = lcg(seed);
        re[reversed] = (int32_t)(seed >> 20) - 2048;
        im[reversed] = 0;
    }
    for (int level = 0; level < FFT_BITS; level++) {
        const int half = 1 << level;
        int32_t wr = 16384, wi = 0;

        for (int k = 0; k < half; k++) {
            int32_t next;

            for (int i = k; i < FFT; i += 2 * half) {
                const int j = i + half;
                const int32_t tr = (re[j] * wr - im[j] * wi) >> 14;
                const int32_t ti = (re[j] * wi + im[j] * wr) >> 14;

                re[j] = (re[i] - tr) >> 1;
                im[j] = (im[i] - ti) >> 1;
                re[i] = (re[i] + tr) >> 1;
                im[i] = (im[i] + ti) >> 1;
            }
            next = (wr * step_re[level] - wi * step_im[level]) >> 14;
            wi = (wr * step_im[level] + wi * step_re[level]) >> 14;
            wr = next;
        }
    }
    return checksum(re, sizeof re) ^ checksum(im, sizeof im);
}
