// Pages with a reservation: the only port that ever made one goes on writing
// them inline, everybody else by call; with a second such port, nobody does.
#include "memory/port.h"
#include "tests/memory/memory_kit.h"

namespace
{

constexpr hwaddr PAGE = 0x3000;
constexpr hwaddr OTHER_PAGE = 0x5000;

struct ReserveTest : ::testing::Test {
    ScopedWorld scope;
    MemoryRegion root{}, ram{};
    AddressSpace as{};
    ClockDomain clock{};
    MemoryPort first{}, second{};

    ReserveTest()
    {
        clock_init(&clock, "clk", 100000000);
        memory_region_init(&root, nullptr, "root", UINT64_MAX);
        memory_region_init_ram(&ram, nullptr, "ram", 0x8000, nullptr);
        memory_region_add_subregion(&root, 0, &ram);
        address_space_init(&as, &root, "as");
        for (MemoryPort *port : {&first, &second}) {
            EXPECT_TRUE(
                port_init(port, &as, "port", &clock, nullptr, 1, nullptr));
        }
    }
    ~ReserveTest() override
    {
        port_fini(&second);
        port_fini(&first);
        address_space_destroy(&as);
        memory_region_del_subregion(&root, &ram);
        memory_region_fini(&ram);
        memory_region_fini(&root);
    }
    static PortTx tx(hwaddr addr, AccessKind kind)
    {
        PortTx t{};
        t.addr = t.va = addr;
        t.kind = static_cast<uint8_t>(kind);
        return t;
    }
    static void reserve(MemoryPort &port, hwaddr addr)
    {
        PortTx t = tx(addr, ACCESS_AMO);
        port_load_reserved(&port, &t, 4);
    }
    static bool stores_if_reserved(MemoryPort &port, hwaddr addr)
    {
        PortTx t = tx(addr, ACCESS_AMO);
        return port_store_conditional(&port, &t, 4, 1);
    }
    static void store(MemoryPort &port, hwaddr addr)
    {
        PortTx t = tx(addr, ACCESS_STORE);
        port_store(&port, &t, 4, 2);
    }
    static PortEntry *open(MemoryPort &port, hwaddr page)
    {
        return port_open(&port, page, page, true);
    }
};

TEST_F(ReserveTest, WhoReservesGoesOnWritingInline)
{
    PortEntry *mine = open(first, PAGE), *theirs = open(second, PAGE);
    ASSERT_TRUE(mine && theirs);
    reserve(first, PAGE + 8);
    EXPECT_EQ(mine->write_tag, PAGE);
    EXPECT_EQ(theirs->write_tag, PORT_NO_TAG);
    EXPECT_TRUE(open(first, PAGE)) << "it may open it anew";
    EXPECT_FALSE(open(second, PAGE));
    store(first, PAGE + 8); // one's own store ends nothing
    EXPECT_TRUE(stores_if_reserved(first, PAGE + 8));
    EXPECT_EQ(mine->write_tag, PAGE);
}

TEST_F(ReserveTest, AnothersStoreEndsItAndOpensThePage)
{
    for (bool again : {false, true}) {
        reserve(first, PAGE + 8);
        store(second, PAGE + 12); // beside it
        EXPECT_FALSE(open(second, PAGE)) << again;
        store(second, PAGE + 8);
        EXPECT_TRUE(open(second, PAGE)) << again;
        EXPECT_FALSE(stores_if_reserved(first, PAGE + 8)) << again;
    }
}

TEST_F(ReserveTest, ASecondOneThatReservesClosesWhatIsReserved)
{
    PortEntry *mine = open(first, PAGE), *beside = open(first, OTHER_PAGE);
    reserve(first, PAGE);
    reserve(second, PAGE);
    EXPECT_EQ(mine->write_tag, PORT_NO_TAG) << "a store would not be seen";
    EXPECT_EQ(beside->write_tag, OTHER_PAGE);
    EXPECT_FALSE(open(first, PAGE));
    EXPECT_FALSE(open(second, PAGE));
    store(first, PAGE);
    EXPECT_FALSE(stores_if_reserved(second, PAGE));
    reserve(first, OTHER_PAGE);
    EXPECT_EQ(beside->write_tag, PORT_NO_TAG) << "each page from now on";
}

TEST_F(ReserveTest, AReservedPageWithAnotherStateIsClosed)
{
    PortEntry *mine = open(first, PAGE);
    reserve(first, PAGE);
    ram_block_set_state(scope.world, ram.ram_block, PAGE, PAGE_CODE);
    EXPECT_EQ(mine->write_tag, PORT_NO_TAG);
    EXPECT_FALSE(open(first, PAGE));
    ram_block_clear_state(ram.ram_block, PAGE, PAGE_CODE);
    EXPECT_TRUE(open(first, PAGE));
}

} // namespace
