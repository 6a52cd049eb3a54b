# SPDX-License-Identifier: Apache-2.0
#
# What `cmake --install` lays down: headers, libraries, modules, pkg-config files, the CMake package, man page, stdlib.
include(CMakePackageConfigHelpers)

install(DIRECTORY include/mtx DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(TARGETS libmtxrt libmtxrt_shared libmtx libmtx_shared
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY stdlib/ DESTINATION ${CMAKE_INSTALL_DATADIR}/mtx/stdlib FILES_MATCHING PATTERN "*.mtx" PATTERN "*.csv" PATTERN "*.alloy")
if(EXISTS ${PROJECT_SOURCE_DIR}/docs/mtx.1)
    install(FILES docs/mtx.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
endif()

# from the .pc file's own place, so that an installation can be moved
file(RELATIVE_PATH MTX_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
foreach(name mtx mtxrt)
    configure_file(cmake/${name}.pc.in ${MTX_GENERATED}/${name}.pc @ONLY)
    install(FILES ${MTX_GENERATED}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mtx)
configure_package_config_file(cmake/mtxConfig.cmake.in ${MTX_GENERATED}/mtxConfig.cmake
    INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR CMAKE_INSTALL_BINDIR)
write_basic_package_version_file(${MTX_GENERATED}/mtxConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${MTX_GENERATED}/mtxConfig.cmake ${MTX_GENERATED}/mtxConfigVersion.cmake DESTINATION ${package_dir})
