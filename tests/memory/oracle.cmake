# The oracle is one program of several files (oracle_test.cc and these), run
# twice: a slice with the other tests, and 1,000,000 accesses under the label
# `long`. Included by tests/CMakeLists.txt behind the loop that makes the
# programs.
foreach(part script model look access real real_access generate shrink)
    target_sources(oracle_test PRIVATE ${CMAKE_CURRENT_LIST_DIR}/oracle_${part}.cc)
endforeach()
add_test(NAME oracle_long COMMAND oracle_test --gtest_filter=Oracle.RandomTrees)
set_tests_properties(oracle_long PROPERTIES LABELS long TIMEOUT 3600
    ENVIRONMENT "ORACLE_TREES=10000;ORACLE_ACCESSES=100")
