// main.cc - libsystemc has main() and calls this. SystemC elaborates once per
// process, so one process runs one test: ctest starts each by its name.
#include <cstdio>
#include <gtest/gtest.h>
#include <systemc>

namespace
{

int selected()
{
    return testing::UnitTest::GetInstance()->test_to_run_count();
}

// Counts what the filter leaves before anything runs.
class OnlyOne : public testing::EmptyTestEventListener
{
    void OnTestIterationStart(const testing::UnitTest &, int) override
    {
        if (selected() > 1) {
            std::fprintf(stderr,
                         "%d tests selected; SystemC runs one per process: "
                         "use ctest -R Tlm or --gtest_filter=NAME\n",
                         selected());
            std::exit(2);
        }
    }
};

} // namespace

int sc_main(int argc, char **argv)
{
    testing::InitGoogleTest(&argc, argv);
    testing::UnitTest::GetInstance()->listeners().Append(new OnlyOne);
    return RUN_ALL_TESTS();
}
