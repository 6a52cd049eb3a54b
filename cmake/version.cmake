# SPDX-License-Identifier: Apache-2.0
#
# cmake -DROOT=.. -DVERSION=.. -DOUT=.. -P version.cmake: writes MTX_VERSION and MTX_GIT_HASH ("" outside a clone).
set(hash "")
find_program(GIT git)
if(GIT)
    execute_process(COMMAND ${GIT} -C ${ROOT} rev-parse --show-toplevel OUTPUT_VARIABLE top
        OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    file(REAL_PATH ${ROOT} root)
    if("${top}" STREQUAL "${root}")          # not the clone that an unpacked release happens to lie in
        execute_process(COMMAND ${GIT} -C ${ROOT} rev-parse --short=12 HEAD OUTPUT_VARIABLE hash
            OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    endif()
endif()
set(text "/* made by cmake/version.cmake */\n#define MTX_VERSION \"${VERSION}\"\n#define MTX_GIT_HASH \"${hash}\"\n")
set(old "")
if(EXISTS ${OUT})
    file(READ ${OUT} old)
endif()
if(NOT "${old}" STREQUAL "${text}")
    file(WRITE ${OUT} "${text}")
endif()
