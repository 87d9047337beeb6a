# cmake --install: the program, the library of the bridge, its headers, and how
# others find them: pkg-config socscope-tlm, find_package(socscope).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(headers ${CMAKE_INSTALL_INCLUDEDIR}/socscope)
install(TARGETS socscope DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS socscope_tlm_shared DESTINATION ${CMAKE_INSTALL_LIBDIR})
# Where the program looks for it: PREFIX/lib/socscope.
install(TARGETS socscope_tlm_host DESTINATION lib/socscope)
file(RELATIVE_PATH to_libraries /lib/socscope /${CMAKE_INSTALL_LIBDIR})
set_target_properties(socscope_tlm_host PROPERTIES INSTALL_RPATH "$ORIGIN/${to_libraries}")
foreach(floor memory cpu soc traces sim)
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/${floor}/ DESTINATION ${headers}/${floor} FILES_MATCHING
        PATTERN "*.h" PATTERN "*_private.h" EXCLUDE PATTERN "internal.h" EXCLUDE PATTERN "sim/tlm" EXCLUDE)
endforeach()
install(FILES attributes.h checker.h entrance.h machine.h model.h probe.h region.h signals.h target_port.h
    DESTINATION ${headers}/sim/tlm)

file(RELATIVE_PATH to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" to_prefix "${to_prefix}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/socscope-tlm.pc.in socscope-tlm.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/socscope-tlm.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/socscope-config.cmake.in socscope-config.cmake
    INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/socscope
    PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file(socscope-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/socscope-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/socscope-config-version.cmake
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/socscope)
