// The flat view against a witness that asks, address by address, who answers.
#include <algorithm>
#include <chrono>
#include <memory>
#include <random>

#include "tests/memory/memory_kit.h"

namespace
{

enum { SPACE = 256 };

// What the witness knows of a region: nothing of lists, strokes or ranges.
struct Node {
    MemoryRegion mr;
    bool container = false, enabled = true, readonly = false,
         nonvolatile = false;
    int size = 0, addr = 0, priority = 0, added = 0;
    Node *alias = nullptr;
    int alias_offset = 0;
    Node *parent = nullptr;
    std::vector<Node *> children; // sorted by sort_children()
};

void sort_children(Node *node)
{
    std::sort(node->children.begin(), node->children.end(),
              [](Node *a, Node *b) {
                  return a->priority != b->priority ? a->priority > b->priority
                                                    : a->added > b->added;
              });
}

struct Hit {
    Node *node = nullptr;
    int offset = 0;
    bool readonly = false, nonvolatile = false;
};

// Who answers at x, a position in the coordinates of node's container?
Hit ask(Node *node, int x)
{
    int rel = x - node->addr;
    if (!node->enabled || rel < 0 || rel >= node->size) {
        return {};
    }
    Hit hit;
    if (node->alias) {
        hit = ask(node->alias, rel + node->alias_offset + node->alias->addr);
    } else {
        for (Node *c : node->children) {
            hit = ask(c, rel);
            if (hit.node) {
                break;
            }
        }
        if (!hit.node && !node->container) {
            hit.node = node;
            hit.offset = rel;
        }
    }
    if (hit.node) {
        hit.readonly |= node->readonly;
        hit.nonvolatile |= node->nonvolatile;
    }
    return hit;
}

class Forest
{
  public:
    explicit Forest(unsigned seed) : random(seed)
    {
        root = make(true);
        root->size = SPACE;
        memory_region_init(&root->mr, nullptr, "root", SPACE);
        int n = pick(4, 32);
        for (int i = 0; i < n; i++) {
            grow();
        }
    }
    ~Forest()
    {
        for (auto &n : nodes) {
            if (n->parent) {
                memory_region_del_subregion(&n->parent->mr, &n->mr);
                n->parent = nullptr;
            }
        }
        for (auto &n : nodes) {
            memory_region_fini(&n->mr);
        }
    }
    // A random change of the tree, told to both.
    void change()
    {
        Node *n = nodes[static_cast<size_t>(pick(1, last()))].get();
        switch (pick(0, 7)) {
        case 0:
            n->enabled = !n->enabled;
            memory_region_set_enabled(&n->mr, n->enabled);
            break;
        case 1: move(n, pick(0, SPACE)); break;
        case 2:
            n->size = pick(0, SPACE);
            memory_region_set_size(&n->mr, static_cast<uint64_t>(n->size));
            break;
        case 3:
            n->readonly = !n->readonly;
            memory_region_set_readonly(&n->mr, n->readonly);
            break;
        case 4:
            n->nonvolatile = !n->nonvolatile;
            memory_region_set_nonvolatile(&n->mr, n->nonvolatile);
            break;
        case 5:
            if (n->alias) {
                n->alias_offset = pick(0, SPACE);
                memory_region_set_alias_offset(
                    &n->mr, static_cast<hwaddr>(n->alias_offset));
            }
            break;
        case 6: unhook(n); break;
        default: grow();
        }
    }
    int pick(int low, int high)
    {
        return std::uniform_int_distribution<int>(low, high)(random);
    }
    Node *root;

  private:
    int last() const { return static_cast<int>(nodes.size()) - 1; }
    Node *make(bool container)
    {
        nodes.push_back(std::make_unique<Node>());
        nodes.back()->container = container;
        return nodes.back().get();
    }
    void hook(Node *n, Node *parent, int addr, int priority)
    {
        n->addr = addr;
        n->priority = priority;
        n->parent = parent;
        n->added = ++counter;
        parent->children.push_back(n);
        sort_children(parent);
        memory_region_add_subregion_overlap(
            &parent->mr, static_cast<hwaddr>(addr), &n->mr, priority);
    }
    void unhook(Node *n)
    {
        if (n->parent) {
            memory_region_del_subregion(&n->parent->mr, &n->mr);
            auto &c = n->parent->children;
            c.erase(std::find(c.begin(), c.end(), n));
            n->parent = nullptr;
        }
    }
    void move(Node *n, int addr)
    {
        if (n->parent && n->addr != addr) {
            n->added = ++counter;
            sort_children(n->parent);
        }
        n->addr = addr;
        memory_region_set_address(&n->mr, static_cast<hwaddr>(addr));
    }
    void grow()
    {
        int kind = pick(0, 9);
        Node *target = nodes[static_cast<size_t>(pick(0, last()))].get();
        Node *parent = pick(0, 1) ? root : pick_parent();
        // An alias of something it lies in would turn in circles; those have
        // a test of their own.
        bool alias = kind < 4 && !reaches(target, parent);
        Node *n = make(!alias && kind < 6);
        n->size = pick(0, pick(0, 3) ? SPACE / 4 : SPACE);
        auto size = static_cast<uint64_t>(n->size);
        std::string name = std::to_string(nodes.size());
        if (alias) {
            n->alias = target;
            n->alias_offset = pick(0, target->size / 2);
            memory_region_init_alias(&n->mr, nullptr, name.c_str(), &target->mr,
                                     static_cast<hwaddr>(n->alias_offset),
                                     size);
        } else if (n->container) {
            memory_region_init(&n->mr, nullptr, name.c_str(), size);
        } else {
            memory_region_init_io(&n->mr, nullptr, nullptr, nullptr,
                                  name.c_str(), size);
        }
        hook(n, parent, pick(0, parent->size), pick(-2, 2));
        if (pick(0, 7) == 0) {
            n->enabled = false;
            memory_region_set_enabled(&n->mr, false);
        }
    }
    Node *pick_parent()
    {
        for (;;) {
            Node *n = nodes[static_cast<size_t>(pick(0, last()))].get();
            if (!n->alias) {
                return n;
            }
        }
    }
    // Can one get from `from`, downwards and through aliases, to `to`?
    static bool reaches(Node *from, Node *to)
    {
        if (from == to) {
            return true;
        }
        if (from->alias && reaches(from->alias, to)) {
            return true;
        }
        return std::any_of(from->children.begin(), from->children.end(),
                           [to](Node *c) { return reaches(c, to); });
    }
    std::mt19937 random;
    std::vector<std::unique_ptr<Node>> nodes;
    int counter = 0;
};

// Sorted, disjoint, not empty, and nothing left to merge.
void expect_well_formed(const FlatView *fv)
{
    for (unsigned i = 0; i < fv->count; i++) {
        const FlatRange &r = fv->range[i];
        ASSERT_GT(r.size, 0);
        ASSERT_EQ(r.id, r.mr->id);
        if (i == 0) {
            continue;
        }
        const FlatRange &p = fv->range[i - 1];
        ASSERT_LE(p.start + p.size, r.start);
        bool joins = p.start + p.size == r.start && p.mr == r.mr &&
                     static_cast<Int128>(p.offset) + p.size == r.offset &&
                     p.readonly == r.readonly && p.nonvolatile == r.nonvolatile;
        ASSERT_FALSE(joins);
    }
}

void expect_agrees(FlatView *fv, Node *root)
{
    expect_well_formed(fv);
    for (int x = 0; x < SPACE + 16; x++) {
        Hit want = ask(root, x);
        FlatRange *got = flatview_lookup(fv, static_cast<hwaddr>(x));
        ASSERT_EQ(got != nullptr, want.node != nullptr) << "at " << x;
        if (!got) {
            continue;
        }
        ASSERT_EQ(got->mr, &want.node->mr) << "at " << x;
        ASSERT_EQ(got->offset + static_cast<uint64_t>(x) -
                      int128_get64(got->start),
                  static_cast<uint64_t>(want.offset))
            << "at " << x;
        ASSERT_EQ(got->readonly, want.readonly) << "at " << x;
        ASSERT_EQ(got->nonvolatile, want.nonvolatile) << "at " << x;
    }
}

TEST(FlatView, agrees_with_the_witness_on_random_trees_and_their_changes)
{
    ScopedWorld scope;
    unsigned pieces = 0;
    for (unsigned seed = 0; seed < 2000; seed++) {
        Forest forest(seed);
        AddressSpace as;
        address_space_init(&as, &forest.root->mr, "mem");
        SCOPED_TRACE(seed);
        expect_agrees(address_space_to_flatview(&as), forest.root);
        for (int i = 0; i < 3; i++) {
            forest.change();
            expect_agrees(address_space_to_flatview(&as), forest.root);
        }
        pieces += address_space_to_flatview(&as)->count;
        address_space_destroy(&as);
        if (::testing::Test::HasFatalFailure()) {
            return;
        }
    }
    EXPECT_GT(pieces, 8000u) << "the trees are too simple to show anything";
}

// Spans all of the 64-bit addresses, ends included.
TEST(FlatView, reaches_to_both_ends_of_the_address_space)
{
    ScopedWorld scope;
    MemoryRegion root, all, low, high;
    memory_region_init(&root, nullptr, "root", UINT64_MAX);
    memory_region_init_io(&all, nullptr, nullptr, nullptr, "all", UINT64_MAX);
    memory_region_init_io(&low, nullptr, nullptr, nullptr, "low", 1);
    memory_region_init_io(&high, nullptr, nullptr, nullptr, "high", 0x100);
    AddressSpace as;
    address_space_init(&as, &root, "mem");
    memory_region_add_subregion_overlap(&root, 0, &all, -1);
    memory_region_add_subregion(&root, 0, &low);
    memory_region_add_subregion(&root, UINT64_MAX - 7, &high);
    EXPECT_EQ(at(&as, 0), "low@0");
    EXPECT_EQ(at(&as, 1), "all@1");
    EXPECT_EQ(at(&as, UINT64_MAX), "high@7");
    EXPECT_EQ(address_space_to_flatview(&as)->count, 3u);
    memory_region_set_enabled(&high, false);
    EXPECT_EQ(at(&as, UINT64_MAX), "all@" + std::to_string(UINT64_MAX));
    address_space_destroy(&as);
    for (MemoryRegion *mr : {&all, &low, &high}) {
        memory_region_del_subregion(&root, mr);
        memory_region_fini(mr);
    }
    memory_region_fini(&root);
}

// The upper half of a space shows its lower half: legal, and finite.
TEST(FlatView, an_alias_may_show_the_tree_it_lies_in)
{
    ScopedWorld scope;
    MemoryRegion root, mirror, dev, whole;
    memory_region_init(&root, nullptr, "root", 0x100);
    memory_region_init_io(&dev, nullptr, nullptr, nullptr, "dev", 0x10);
    memory_region_init_alias(&mirror, nullptr, "mirror", &root, 0, 0x80);
    memory_region_add_subregion(&root, 0x20, &dev);
    memory_region_add_subregion(&root, 0x80, &mirror);
    AddressSpace as;
    address_space_init(&as, &root, "mem");
    EXPECT_EQ(at(&as, 0x22), "dev@2");
    EXPECT_EQ(at(&as, 0xa2), "dev@2");
    EXPECT_EQ(address_space_to_flatview(&as)->count, 2u);
    // The whole tree inside itself, two ways: nothing new appears, and it ends.
    memory_region_init_alias(&whole, nullptr, "whole", &root, 0, 0x100);
    memory_region_add_subregion(&root, 0, &whole);
    EXPECT_EQ(at(&as, 0x22), "dev@2");
    memory_region_set_size(&mirror, 0x100);
    memory_region_set_alias_offset(&mirror, 0x7f);
    EXPECT_EQ(at(&as, 0x22), "dev@2");
    address_space_destroy(&as);
    for (MemoryRegion *mr : {&mirror, &dev, &whole}) {
        memory_region_del_subregion(&root, mr);
        memory_region_fini(mr);
    }
    memory_region_fini(&root);
}

TEST(FlatView, a_root_draws_itself_where_it_lies_and_as_what_it_is)
{
    ScopedWorld scope;
    MemoryRegion root, child;
    memory_region_init(&root, nullptr, "root", 0x100);
    memory_region_init_io(&child, nullptr, nullptr, nullptr, "child", 0x100);
    memory_region_add_subregion(&root, 0, &child);
    memory_region_set_readonly(&root, true);
    memory_region_set_address(&root, 0x1000);
    AddressSpace as;
    address_space_init(&as, &root, "mem");
    EXPECT_EQ(at(&as, 0), "-");
    EXPECT_EQ(at(&as, 0x1000), "child@0");
    EXPECT_TRUE(address_space_to_flatview(&as)->range[0].readonly);
    AddressSpace second;
    address_space_init(&second, &root, "second");
    EXPECT_EQ(address_space_to_flatview(&second),
              address_space_to_flatview(&as))
        << "views are shared";
    memory_region_set_enabled(&child, false);
    EXPECT_EQ(address_space_to_flatview(&second),
              address_space_to_flatview(&as));
    EXPECT_EQ(at(&as, 0x1000), "-");
    address_space_destroy(&second);
    address_space_destroy(&as);
    memory_region_del_subregion(&root, &child);
    memory_region_fini(&child);
    memory_region_fini(&root);
}

// -- cost
// -----------------------------------------------------------------------

enum { MANY = 10000 };

// Milliseconds that one commit of 10,000 regions takes; place(i) -> address.
template <typename Place> double commit_cost(Place place, uint64_t size)
{
    ScopedWorld scope;
    MemoryRegion root;
    AddressSpace as;
    memory_region_init(&root, nullptr, "root", UINT64_MAX);
    address_space_init(&as, &root, "mem");
    std::vector<MemoryRegion> many(MANY);
    auto begun = std::chrono::steady_clock::now();
    memory_region_transaction_begin();
    for (unsigned i = 0; i < MANY; i++) {
        memory_region_init_io(&many[i], nullptr, nullptr, nullptr, "x", size);
        memory_region_add_subregion(&root, place(i), &many[i]);
    }
    memory_region_transaction_commit();
    std::chrono::duration<double, std::milli> took =
        std::chrono::steady_clock::now() - begun;
    EXPECT_GE(address_space_to_flatview(&as)->count, unsigned{MANY});
    address_space_destroy(&as);
    memory_region_transaction_begin();
    for (auto &mr : many) {
        memory_region_del_subregion(&root, &mr);
    }
    memory_region_transaction_commit();
    for (auto &mr : many) {
        memory_region_fini(&mr);
    }
    memory_region_fini(&root);
    return took.count();
}

// A quadratic drawing takes seconds here, even without sanitizers.
TEST(FlatView, ten_thousand_regions_in_any_order)
{
    double rising = commit_cost([](uint64_t i) { return i * 64; }, 32);
    double falling =
        commit_cost([](uint64_t i) { return (MANY - i) * 64; }, 32);
    double mixed =
        commit_cost([](uint64_t i) { return i * 7919 % MANY * 64; }, 32);
    // Each overlaps all others in the middle; every one keeps a left edge.
    double stacked = commit_cost([](uint64_t i) { return (MANY - i) * 8; },
                                 UINT64_C(1) << 20);
    RecordProperty("rising_us", static_cast<int>(rising * 1000));
    RecordProperty("falling_us", static_cast<int>(falling * 1000));
    RecordProperty("mixed_us", static_cast<int>(mixed * 1000));
    RecordProperty("stacked_us", static_cast<int>(stacked * 1000));
    for (double ms : {rising, falling, mixed, stacked}) {
        EXPECT_LT(ms, 1000);
    }
}

} // namespace
