# SPDX-License-Identifier: Apache-2.0
#
# Sources made at build time, all in build/generated: parser and lexer, the embedded standard library, the version.

file(GLOB grammar CONFIGURE_DEPENDS grammar/mtx.y grammar/mtx.l)
set(MTX_GRAMMAR_SOURCES "")
list(LENGTH grammar count)
if(count EQUAL 2)
    find_package(BISON 3.8 REQUIRED)
    find_package(FLEX 2.6 REQUIRED)
    bison_target(mtx_parser ${PROJECT_SOURCE_DIR}/grammar/mtx.y ${MTX_GENERATED}/mtx_parser.c
        DEFINES_FILE ${MTX_GENERATED}/mtx_parser.h COMPILE_FLAGS "-Wall -Werror -Wcounterexamples")
    flex_target(mtx_lexer ${PROJECT_SOURCE_DIR}/grammar/mtx.l ${MTX_GENERATED}/mtx_lexer.c
        DEFINES_FILE ${MTX_GENERATED}/mtx_lexer.h)
    add_flex_bison_dependency(mtx_lexer mtx_parser)
    set(MTX_GRAMMAR_SOURCES ${BISON_mtx_parser_OUTPUTS} ${FLEX_mtx_lexer_OUTPUTS})
    # the skeletons are not ours to mend
    set_source_files_properties(${MTX_GENERATED}/mtx_parser.c ${MTX_GENERATED}/mtx_lexer.c PROPERTIES
        COMPILE_OPTIONS "-Wno-shadow;-Wno-switch-enum;-Wno-missing-prototypes;-Wno-unused-function;-Wno-sign-compare")
endif()

file(GLOB_RECURSE stdlib_files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/stdlib stdlib/*.mtx stdlib/*.csv stdlib/*.alloy)
list(SORT stdlib_files)
list(TRANSFORM stdlib_files PREPEND ${PROJECT_SOURCE_DIR}/stdlib/ OUTPUT_VARIABLE stdlib_paths)
string(REPLACE ";" "," stdlib_list "${stdlib_files}")
add_custom_command(OUTPUT ${MTX_GENERATED}/mtx_stdlib.c
    COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/stdlib -DFILES=${stdlib_list}
            -DOUT=${MTX_GENERATED}/mtx_stdlib.c -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${stdlib_paths} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
    COMMENT "Embedding the standard library" VERBATIM)

# the git hash changes without a source changing: looked up in every build, written only when it differs
add_custom_target(mtx_version
    COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
            -DOUT=${MTX_GENERATED}/mtx_version.h -P ${PROJECT_SOURCE_DIR}/cmake/version.cmake
    BYPRODUCTS ${MTX_GENERATED}/mtx_version.h VERBATIM)
