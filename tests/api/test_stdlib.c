/* SPDX-License-Identifier: Apache-2.0
 *
 * test_stdlib.c: the embedded standard library is the one in the tree, byte for byte (MTX_ROOT says where it is).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "stdlib_files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void embedded_files_equal_the_tree(void **state)
{
    (void)state;
    const char *root = getenv("MTX_ROOT");
    assert_non_null(root);
    for (size_t k = 0; k < stdlib_file_count; k++) {
        const stdlib_file *file = &stdlib_files[k];
        char path[4096];
        snprintf(path, sizeof path, "%s/stdlib/%s", root, file->path);
        FILE *stream = fopen(path, "rb");
        assert_non_null(stream);
        char *text = malloc(file->length + 2);
        assert_non_null(text);
        assert_int_equal(fread(text, 1, file->length + 2, stream), file->length);
        assert_memory_equal(text, file->text, file->length);
        assert_int_equal(file->text[file->length], '\0');
        free(text);
        fclose(stream);
    }
}

static void table_is_sorted_and_ended(void **state)
{
    (void)state;
    for (size_t k = 1; k < stdlib_file_count; k++)
        assert_true(strcmp(stdlib_files[k - 1].path, stdlib_files[k].path) < 0);
    assert_null(stdlib_files[stdlib_file_count].path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embedded_files_equal_the_tree),
        cmocka_unit_test(table_is_sorted_and_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
