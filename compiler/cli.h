/* SPDX-License-Identifier: Apache-2.0
 *
 * cli.h: what the commands of the program share: options, messages on the terminal, exit codes.
 */
#ifndef MTX_CLI_H
#define MTX_CLI_H

#include "backend.h"
#include "driver.h"

enum { EXIT_FINE = 0, EXIT_WRONG = 1, EXIT_USAGE = 2, EXIT_SYSTEM = 3 };   /* documented in docs/mtx.1 */

typedef struct cli_command { const char *name; int (*run)(int argc, char **argv); const char *usage, *summary, *help; } cli_command;
extern const cli_command cli_commands[];
int cli_guarded(int (*run)(int argc, char **argv), int argc, char **argv);   /* EXIT_SYSTEM when memory is exhausted  */
void cli_need(bool there);       /* false: memory is exhausted; back in cli_guarded, which must be on the stack */

int cli_check(int argc, char **argv);
int cli_run(int argc, char **argv);
int cli_build(int argc, char **argv);
int cli_test(int argc, char **argv);
int cli_fmt(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_stdlib(int argc, char **argv);

/* An option's declaration; `value` points to bool (no argument), const char * or int. */
typedef enum cli_kind { CLI_FLAG, CLI_TEXT, CLI_INT, CLI_MANY } cli_kind;
typedef struct cli_many { const char *at[64]; int n; } cli_many;
typedef struct cli_option { const char *name; char letter; cli_kind kind; void *value; } cli_option;
/* Reads options anywhere among the arguments; the rest is left in rest[] (argc long). False after printing what is
 * wrong: then return EXIT_USAGE. `--` ends options. */
bool cli_options(const char *command, int argc, char **argv, const cli_option *options, char **rest, int *n_rest);
int  cli_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs the driver on a file ("-" reads standard input, stdlib:PATH the standard library) and prints its messages to stderr unless
 * quiet. EXIT_FINE, EXIT_WRONG (the spec has errors) or EXIT_SYSTEM (it cannot be read). From here on
 * exhausted memory ends in main. */
int  cli_compile(compilation *c, const char *path, driver_stage last, bool search, bool quiet);
/* SPEC:TRANSFORM, where SPEC may itself have colons. The result, to be freed, holds *path when it is not `word`. */
char *cli_split_spec(const char *word, const char **path, const char **transform);
bool  cli_backend(const char *command, const char *word, backend_kind *out);   /* llvm, c or NULL                  */
enum { CLI_SLOTS = 16 };
/* NAME=FILE: reads the first structure of FILE into fixed[slot of that name]. An exit code, a message unless fine. */
int   cli_read_slot(const char *command, const program *p, const char *assignment, mtx_structure *fixed, bool *is_fixed);
void cli_messages(const compilation *c);                          /* those of the sink, on stderr             */
void cli_problem(const mtx_problem *p);                           /* a runtime problem, as a message on stderr */
int  cli_problem_code(mtx_status status);                         /* EXIT_SYSTEM when the system refused       */
/* Says that the spec lacks the transform (or all), with those that it has; EXIT_USAGE. */
/* false, with words, when a message said that this version cannot compile the transform */
bool cli_lowered(const char *command, const compiled *t);
/* The `[...]` that ends a declared type as the user wrote it; NULL: none */
const char *cli_unit_words(arena *a, span type_at);
/* cli_weights.c: numbers for the parameters of a transform, of a NumPy file, in the arena. An exit code, a message unless fine. */
int  cli_weights(const char *command, arena *a, const program *p, const char *path, const double **param);
int  cli_no_weights(const char *command, arena *a, const program *p);   /* says that they are needed, and what they are  */
int  cli_no_transform(const char *command, const compilation *c, const char *transform);

#endif
