# SPDX-License-Identifier: Apache-2.0
#
# Compile and link flags of every target of the project, and the functions that apply them.

# clobbered: gcc suspects variables that are set before setjmp and only read after it
add_library(mtx_warnings INTERFACE)
target_compile_options(mtx_warnings INTERFACE
    -Wall -Wextra -Wshadow -Wswitch-enum $<$<C_COMPILER_ID:GNU>:-Wno-clobbered>
    $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes> $<$<COMPILE_LANGUAGE:C>:-Wmissing-prototypes>
    $<$<BOOL:${MTX_WERROR}>:-Werror>)

# X/Open 700: POSIX 2008 and M_PI with -std=c11
add_library(mtx_common INTERFACE)
target_compile_definitions(mtx_common INTERFACE _XOPEN_SOURCE=700 "MTX_API=__attribute__((visibility(\"default\")))")
# -iquote: file names such as compiler/ast.h must never answer an #include <...>
target_compile_options(mtx_common INTERFACE
    "SHELL:-iquote ${PROJECT_SOURCE_DIR}/compiler" "SHELL:-iquote ${PROJECT_SOURCE_DIR}/runtime"
    "SHELL:-iquote ${MTX_GENERATED}" -fno-math-errno)
target_include_directories(mtx_common INTERFACE ${PROJECT_SOURCE_DIR}/include)
target_link_options(mtx_common INTERFACE -Wl,--as-needed)

if(MTX_SANITIZE)
    set(sanitize -fsanitize=${MTX_SANITIZE} -fno-omit-frame-pointer)
    if(MTX_SANITIZE MATCHES undefined)
        list(APPEND sanitize -fno-sanitize-recover=undefined)
    endif()
    add_compile_options(${sanitize})
    add_link_options(${sanitize})
    # the sanitizers look up __cxa_throw when they start: modules written in C++ come later
    add_link_options(-Wl,--no-as-needed -lstdc++)
endif()

# `mtx build` finds mtx/mtxrt.h beside the program, wherever the build folder lies
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include ${PROJECT_BINARY_DIR}/include SYMBOLIC)

# mtx_configure(TARGET): house flags for our own sources
function(mtx_configure target)
    target_link_libraries(${target} PRIVATE mtx_common mtx_warnings)
    # $ORIGIN-relative, so that a module is found beside the program in the build tree and in lib/mtx when installed
    set_target_properties(${target} PROPERTIES
        BUILD_RPATH_USE_ORIGIN ON
        BUILD_RPATH "$ORIGIN"
        INSTALL_RPATH "$ORIGIN:$ORIGIN/../${MTX_MODULE_DIR}:$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")
endfunction()

# mtx_library(TARGET NAME): name, version, headers and installation of a public library
function(mtx_library target name)
    set_target_properties(${target} PROPERTIES
        OUTPUT_NAME ${name} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} LINKER_LANGUAGE C
        EXPORT_NAME ${target}
        BUILD_RPATH "$ORIGIN" INSTALL_RPATH "$ORIGIN:$ORIGIN/mtx")
    if(MTX_WERROR AND NOT MTX_SANITIZE)
        target_link_options(${target} PRIVATE -Wl,-z,defs)   # a library that needs another's internals fails here
    endif()
    target_include_directories(${target} PUBLIC
        $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
endfunction()

# mtx_module(TARGET NAME SOURCES...): libNAME.so, loaded by mtxrt_module (runtime/module.h). What it needs of our static
# libraries it carries itself, unexported, so that it works the same from the program, from libmtx.so and from Python.
function(mtx_module target name)
    add_library(${target} MODULE ${ARGN})
    mtx_configure(${target})
    target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)
    set_target_properties(${target} PROPERTIES OUTPUT_NAME ${name})
    install(TARGETS ${target} DESTINATION ${MTX_MODULE_DIR})
    set_property(GLOBAL APPEND PROPERTY MTX_MODULES ${target})
endfunction()
