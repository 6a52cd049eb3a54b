/* SPDX-License-Identifier: Apache-2.0
 *
 * main.c: the command line. Only picks the command.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"
#include "mtx_version.h"

const cli_command cli_commands[] = {
    {"check", cli_check, "mtx check SPEC... [--json] [--no-search] [--strict] [--time-passes]",
     "judge the claims of a spec",
     "Prints a verdict per claim: proved, assumed, broken as declared, refuted or unproved.\n"
     "  --json         one JSON object: diagnostics and claims\n"
     "  --no-search    do not look for counterexamples: claims that the rules do not give are unproved\n"
     "  --strict       assumed claims count as failures\n"
     "  --time-passes  seconds per pass, on standard error\n"
     "Exit status 0 when no claim is refuted or unproved and nothing is wrong, 1 otherwise.\n"},
    {"run", cli_run, "mtx run SPEC[:TRANSFORM] INPUT... [--set NAME=FILE] [--weights FILE] [--only OUT,...] -o OUT.(npz|h5|csv|xyz)",
     "compile in memory and apply to files of structures",
     "  -o, --output FILE      where the result goes; the ending chooses the format\n"
     "      --set NAME=FILE    bind a `takes` to the one structure of FILE for all frames\n"
     "      --weights FILE     numbers for its parameters: a NumPy file (.npz) with an array for each\n"
     "      --only OUT[,OUT]   compute and write these outputs alone\n"
     "      --skip-bad         go on after a bad frame, and count them\n"
     "      --backend NAME     llvm (default where built in) or c\n"
     "      --quiet            no progress line\n"
     "Inputs: extended XYZ, POSCAR, CIF, pymatgen JSON, ASE JSON and db; .gz and .xz are unpacked on the way.\n"},
    {"build", cli_build, "mtx build SPEC[:TRANSFORM] -o DIR [--vjp] [--jvp] [--emit=c|llvm|asm|ast|ir|loops|obj|so]",
     "make a shared object and a header",
     "  -o, --output DIR    where libNAME.so and NAME.h go; - writes a text form to standard output\n"
     "      --emit=WHAT     stop at a stage: ast, ir, loops, c, llvm, asm, obj; so is the default\n"
     "      --vjp           also NAME_vjp: derivatives of the outputs, each times given weights, summed\n"
     "      --jvp           also NAME_jvp: how fast the outputs change when positions, lattice, fields and parameters do\n"
     "      --backend NAME  llvm (default where built in) or c\n"
     "Without :TRANSFORM every transform of the spec is built.\n"},
    {"test", cli_test, "mtx test SPEC [DATA...] [--set NAME=FILE] [--seed N] [--junit FILE]",
     "make and run sampled checks from the claims, and the tests in the spec",
     "TAP on standard output. Each claim is checked on generated structures and on those of DATA, with a negative\n"
     "control that must fail.\n"
     "      --set NAME=FILE bind a `takes` to the one structure of FILE\n"
     "      --weights FILE  numbers for the parameters of the transform; without, some that follow from the seed\n"
     "      --seed N        of the generated structures (default 1)\n"
     "      --tries N       structures per claim (default 20)\n"
     "      --junit FILE    results as JUnit XML\n"
     "      --save DIR      where the structures of failing cases go (default mtx-failures)\n"
     "      --only TEXT     run the checks whose name contains TEXT; failures print such a command\n"
     "      --backend NAME  llvm (default where built in) or c\n"},
    {"fmt", cli_fmt, "mtx fmt [--check] [FILE...]",
     "lay out specs canonically",
     "Rewrites the files in place; without a file, standard input to standard output.\n"
     "  --check   change nothing; exit 1 when a file is not in canonical form\n"},
    {"explain", cli_explain, "mtx explain CODE",
     "say more about a message",
     "mtx explain E0210\n"},
    {"stdlib", cli_stdlib, "mtx stdlib list | show PATH",
     "look at the standard library",
     "mtx stdlib list            the specs that come with mtx\n"
     "mtx stdlib show PATH       the text of one\n"},
    {NULL, NULL, NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
    fputs("mtx: declarative data transformations for materials science, checked and compiled\n\n", out);
    for (const cli_command *c = cli_commands; c->name; c++) {
        fprintf(out, "  mtx %-8s %s\n", c->name, c->summary);
    }
    fputs("\nmtx COMMAND --help says more. Exit status: 0 fine, 1 something is wrong with the spec or the data,\n"
          "2 the command line is wrong, 3 the system refused (files, memory).\n", out);
}

static int run_command(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE;
    }
    const bool help = !strcmp(argv[1], "help") && argc > 2;
    const char *wanted = help ? argv[2] : argv[1];
    if (!help && (!strcmp(wanted, "--help") || !strcmp(wanted, "-h") || !strcmp(wanted, "help"))) {
        print_help(stdout);
        return EXIT_FINE;
    }
    if (!strcmp(argv[1], "--version")) {
        printf("mtx %s%s%s\n", MTX_VERSION, MTX_GIT_HASH[0] ? " " : "", MTX_GIT_HASH);
        return EXIT_FINE;
    }
    const char *names[16];
    size_t n = 0;
    for (const cli_command *c = cli_commands; c->name; c++) {
        names[n++] = c->name;
        if (strcmp(c->name, wanted) != 0) {
            continue;
        }
        for (int k = 2; k < argc; k++) {
            if (help || !strcmp(argv[k], "--help") || !strcmp(argv[k], "-h")) {
                printf("usage: %s\n\n%s", c->usage, c->help);
                return EXIT_FINE;
            }
        }
        return c->run(argc - 1, argv + 1);
    }
    const char *near = text_closest(wanted, names, n);
    fprintf(stderr, "mtx: `%s` is not a command%s%s%s\n", wanted, near ? "; did you mean `" : "", near ? near : "", near ? "`?" : "");
    fputs("mtx --help lists the commands\n", stderr);
    return EXIT_USAGE;
}

/* what was printed is worth nothing when it did not arrive: a full disk, a closed descriptor */
int main(int argc, char **argv)
{
    const int code = cli_guarded(run_command, argc, argv);
    bool arrived = !ferror(stdout);
    if (fclose(stdout) != 0 || !arrived) {
        if (errno != EBADF || !arrived) {
            fprintf(stderr, "mtx: cannot write to standard output: %s\n", strerror(errno));
            return code == EXIT_FINE ? EXIT_SYSTEM : code;
        }
    }
    return code;
}
