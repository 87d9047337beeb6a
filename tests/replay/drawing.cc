// What drawing a tree may cost. A tree whose aliases show each other, or
// themselves, can be small to write down and endless to draw.
#include <algorithm>
#include <map>
#include <set>

#include "tests/replay/session.h"

namespace replaying
{

namespace
{

enum {
    MOST_DEPTH = 2000,
    // An alias that shows itself is drawn again and again until nothing is
    // left of its window.
    TURNS = 64,
};

struct Extent {
    uint64_t regions = 1;
    uint64_t depth = 1;
};

// Regions and aliases below each other, as they would be with one more child.
class Measure
{
  public:
    Measure(const MemoryRegion *parent, const MemoryRegion *child)
        : m_parent(parent), m_child(child)
    {
    }
    Extent of(const MemoryRegion *mr)
    {
        auto known = m_known.find(mr);
        if (known != m_known.end()) {
            return known->second;
        }
        Extent all;
        if (!m_under_way.insert(mr).second) {
            m_turns = true;
            return all;
        }
        if (m_under_way.size() <= MOST_DEPTH) {
            if (mr->alias) {
                take(&all, mr->alias);
            }
            for (const MemoryRegion *c = mr->first_child; c;
                 c = c->next_sibling) {
                take(&all, c);
            }
            if (mr == m_parent) {
                take(&all, m_child);
            }
        }
        m_under_way.erase(mr);
        return m_known[mr] = all;
    }
    bool turns() const { return m_turns; }

  private:
    void take(Extent *all, const MemoryRegion *mr)
    {
        Extent e = of(mr);
        all->regions += e.regions;
        // Enough to be too many, and no overflow.
        all->regions = all->regions < UINT32_MAX ? all->regions : UINT32_MAX;
        all->depth = all->depth > e.depth + 1 ? all->depth : e.depth + 1;
    }
    const MemoryRegion *m_parent, *m_child;
    std::map<const MemoryRegion *, Extent> m_known;
    std::set<const MemoryRegion *> m_under_way;
    bool m_turns = false;
};

} // namespace

void Session::check_drawing(const MemoryRegion *parent,
                            const MemoryRegion *child) const
{
    uint64_t above = 1;
    for (const MemoryRegion *mr = parent; mr; mr = mr->container) {
        above++;
    }
    bool simple = !m_has_aliases && !child->first_child;
    if (simple && above < MOST_DEPTH) {
        return; // every region is drawn once
    }
    Measure measure(parent, child);
    Extent most = measure.of(child);
    for (const auto &r : m_regions) {
        Extent e = measure.of(r->mr);
        most.regions = std::max(most.regions, e.regions);
        most.depth = std::max(most.depth, e.depth);
    }
    uint64_t turns = measure.turns() ? TURNS : 1;
    if (most.regions * turns > m_options.max_regions_drawn ||
        most.depth * turns > MOST_DEPTH) {
        throw ScriptError("too many regions below each other, aliases "
                          "followed; a smaller tree");
    }
}

} // namespace replaying
