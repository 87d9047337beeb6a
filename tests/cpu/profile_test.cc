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

} // namespace
