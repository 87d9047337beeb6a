// Timing profiles are data that others rely on: every cost is at least a cycle,
// every profile says where it comes from.
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "cpu/profile.h"

namespace
{

TEST(Profile, EveryCostIsACycleAtLeast)
{
    std::set<std::string> names;
    for (const TimingProfile *p = timing_profiles; p->name; p++) {
        EXPECT_TRUE(names.insert(p->name).second) << p->name;
        EXPECT_EQ(timing_profile_find(p->name), p);
        for (unsigned i = 0; i < TIME_NUM; i++) {
            EXPECT_GE(p->cost[i], 1) << p->name << " class " << i;
        }
        EXPECT_GE(p->trap, 1) << p->name; // else a bad mtvec stops time
        EXPECT_GT(std::string(p->summary).size(), 5u);
        EXPECT_GT(std::string(p->source).size(), 5u);
    }
    EXPECT_EQ(names.count("none"), 1u);
    EXPECT_EQ(names.count("generic-table"), 1u);
    EXPECT_EQ(timing_profile_find("no-such"), nullptr);
    EXPECT_EQ(timing_profile_find(""), nullptr);
}

TEST(Profile, NoneIsOneCycleEach)
{
    const TimingProfile *p = timing_profile_find("none");
    ASSERT_NE(p, nullptr);
    for (unsigned i = 0; i < TIME_NUM; i++) {
        EXPECT_EQ(p->cost[i], 1) << "class " << i;
    }
    EXPECT_EQ(p->taken, 0);
    EXPECT_EQ(p->load_use, 0);
}

TEST(Profile, DividingTakesLongest)
{
    const TimingProfile *p = timing_profile_find("generic-table");
    ASSERT_NE(p, nullptr);
    EXPECT_GT(p->cost[TIME_DIV], p->cost[TIME_MUL]);
    EXPECT_GT(p->cost[TIME_FDIV], p->cost[TIME_FMA]);
    EXPECT_GT(p->cost[TIME_FSQRT], p->cost[TIME_FMA]);
    EXPECT_GE(p->cost[TIME_FMA], p->cost[TIME_FP]);
}

} // namespace
