// A cache written down a second time: a list per set, in the order of use.
#ifndef TESTS_SOC_L1_MODEL_H
#define TESTS_SOC_L1_MODEL_H

#include <cstdint>
#include <map>
#include <vector>

enum class ModelPolicy { lru, plru, rr, rr_set, random };

struct Move {
    uint64_t addr;
    uint32_t size;
    bool write;
    bool operator==(const Move &o) const
    {
        return addr == o.addr && size == o.size && write == o.write;
    }
};

struct CacheModel {
    struct Line {
        bool valid = false, dirty = false;
        uint64_t number = 0, age = 0; // age 0: used last
    };
    uint64_t ways, line, sets, seed;
    ModelPolicy policy;
    bool through, allocate;
    std::vector<std::vector<Line>> set;
    std::map<std::vector<uint64_t>, int> points; // plru: {set, half}: 0 or 1
    std::vector<uint64_t> turn;
    uint64_t hits = 0, misses = 0, fills = 0, writebacks = 0, throughs = 0,
             bytes = 0;
    std::vector<Move> moved;

    CacheModel(uint64_t size, uint64_t ways_, uint64_t line_, ModelPolicy p,
               bool through_, bool allocate_, uint64_t seed_)
        : ways(ways_), line(line_), sets(size / ways_ / line_), seed(seed_),
          policy(p), through(through_), allocate(allocate_),
          set(sets, std::vector<Line>(ways_)), turn(sets, 0)
    {
    }

    void move(uint64_t addr, uint64_t n, bool write)
    {
        bytes += n;
        moved.push_back({addr, static_cast<uint32_t>(n), write});
    }
    // The halves that lead to a way: {set, ways in it, its first way}.
    uint64_t follow(uint64_t s, bool set_them, uint64_t to)
    {
        uint64_t first = 0;
        for (uint64_t n = ways; n > 1; n /= 2) {
            int &next = points[{s, n, first}];
            bool high = set_them ? to >= first + n / 2 : next != 0;
            next = set_them ? !high : next;
            first += high ? n / 2 : 0;
        }
        return first;
    }
    uint64_t victim(uint64_t s)
    {
        if (policy == ModelPolicy::rr || policy == ModelPolicy::rr_set) {
            return turn[policy == ModelPolicy::rr ? 0 : s]++ % ways;
        }
        uint64_t oldest = 0;
        for (uint64_t w = 0; w < ways; w++) {
            if (!set[s][w].valid) {
                return w;
            }
            oldest = set[s][w].age > set[s][oldest].age ? w : oldest;
        }
        if (policy == ModelPolicy::random) {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            return seed % ways;
        }
        return policy == ModelPolicy::lru ? oldest : follow(s, false, 0);
    }
    // False: a store that goes on.
    bool look_up(uint64_t number, bool write)
    {
        uint64_t s = number % sets, w = 0;
        while (w < ways && !(set[s][w].valid && set[s][w].number == number)) {
            w++;
        }
        (w < ways ? hits : misses)++;
        if (w == ways) {
            if (write && !allocate) {
                return false;
            }
            w = victim(s);
            if (set[s][w].dirty) {
                writebacks++;
                move(set[s][w].number * line, line, true);
            }
            fills++;
            move(number * line, line, false);
            set[s][w] = Line{true, false, number, 0};
        }
        for (Line &other : set[s]) {
            other.age++;
        }
        set[s][w].age = 0;
        set[s][w].dirty |= write && !through;
        if (policy == ModelPolicy::plru) {
            follow(s, true, w);
        }
        return !write || !through;
    }
    void access(uint64_t addr, uint64_t size, bool write)
    {
        std::vector<Move> on;
        for (uint64_t n = addr / line; n <= (addr + size - 1) / line; n++) {
            if (!look_up(n, write)) {
                uint64_t from = addr > n * line ? addr : n * line;
                uint64_t to =
                    addr + size < (n + 1) * line ? addr + size : (n + 1) * line;
                on.push_back({from, static_cast<uint32_t>(to - from), true});
            }
        }
        for (const Move &m : on) {
            throughs++;
            move(m.addr, m.size, true);
        }
    }
};

#endif
