# SPDX-License-Identifier: Apache-2.0
#
# cmake -DROOT=stdlib -DFILES=a.mtx,b/c.mtx -DOUT=mtx_stdlib.c -P embed.cmake: the files as C strings (declared in
# compiler/stdlib_files.h). Every byte is written as an escape, so no text can break the literal.
string(REPLACE "," ";" files "${FILES}")
set(rows "")
set(count 0)
foreach(file ${files})
    file(READ ${ROOT}/${file} bytes HEX)
    string(LENGTH "${bytes}" length)
    math(EXPR length "${length} / 2")
    string(REGEX REPLACE "(..)" "\\\\x\\1" bytes "${bytes}")
    string(REPLACE "\\x0a" "\\x0a\"\n    \"" bytes "${bytes}")
    string(APPEND rows "    {\"${file}\",\n    \"${bytes}\", ${length}},\n")
    math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUT} "/* made by cmake/embed.cmake */\n#include \"stdlib_files.h\"\n\n"
    "const stdlib_file stdlib_files[] = {\n${rows}    {0, 0, 0}\n};\nconst size_t stdlib_file_count = ${count};\n")
