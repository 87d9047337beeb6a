# The C parts of two programs: the devices that docs/memory-api.md quotes, and
# the uses of every published name. Included by tests/CMakeLists.txt behind the
# loop that makes the programs.
file(GLOB devices CONFIGURE_DEPENDS ${CMAKE_CURRENT_LIST_DIR}/devices/*.c)
target_sources(devices_test PRIVATE ${devices})
target_sources(api_names_test PRIVATE
    ${CMAKE_CURRENT_LIST_DIR}/api_names/names_2015.c ${CMAKE_CURRENT_LIST_DIR}/api_names/names_2021.c)
target_link_libraries(devices_test PRIVATE flags)
target_link_libraries(api_names_test PRIVATE flags)
