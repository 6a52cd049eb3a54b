// SPDX-License-Identifier: Apache-2.0
//
// cif_module.cc: gemmi's CIF parser and its space-group tables behind C functions (cif_shim.h). In: CIF text;
// out: the values of tags, and symmetry operations. What they mean for a crystal is decided in io_cif.c.

#include "cif_shim.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>

#include <gemmi/cif.hpp>
#include <gemmi/symmetry.hpp>

namespace {

struct Document {
    gemmi::cif::Document cif;
    std::string          last;
    gemmi::cif::Column   column;           // the last one looked up, with its tag and block
    std::string          tag;
    int                  block = -1;
};

void *parse(const char *text, size_t length, char *error, size_t room)
{
    try {
        Document *d = new Document;
        try {
            d->cif = gemmi::cif::read_memory(text, length, "");
            return d;
        } catch (...) {
            delete d;
            throw;
        }
    } catch (const std::exception &e) {
        std::snprintf(error, room, "%s", e.what());
    } catch (...) {
        std::snprintf(error, room, "the parser failed");
    }
    return nullptr;
}

void release(void *document)
{
    delete static_cast<Document *>(document);
}

int blocks(void *document)
{
    return static_cast<int>(static_cast<Document *>(document)->cif.blocks.size());
}

const char *name(void *document, int block)
{
    return static_cast<Document *>(document)->cif.blocks[static_cast<size_t>(block)].name.c_str();
}

int64_t line(void *document, int block)
{
    const auto &items = static_cast<Document *>(document)->cif.blocks[static_cast<size_t>(block)].items;
    return items.empty() ? -1 : items[0].line_number;
}

void find(Document *d, int block, const char *tag)
{
    if (d->block == block && d->tag == tag) return;
    d->column = d->cif.blocks[static_cast<size_t>(block)].find_values(tag);
    d->block = block;
    d->tag = tag;
}

int64_t count(void *document, int block, const char *tag)
{
    try {
        Document *d = static_cast<Document *>(document);
        find(d, block, tag);
        return d->column ? d->column.length() : 0;
    } catch (...) {
        return 0;
    }
}

const char *value(void *document, int block, const char *tag, int64_t row)
{
    try {
        Document *d = static_cast<Document *>(document);
        find(d, block, tag);
        d->last = gemmi::cif::as_string(d->column.at(static_cast<int>(row)));
        return d->last.c_str();
    } catch (...) {
        return "";
    }
}

void fill(const gemmi::Op &op, double *rotation, double *shift)
{
    for (size_t i = 0; i < 3; i++) {
        for (size_t j = 0; j < 3; j++)
            rotation[3 * i + j] = static_cast<double>(op.rot[i][j]) / gemmi::Op::DEN;
        shift[i] = static_cast<double>(op.tran[i]) / gemmi::Op::DEN;
    }
}

int triplet(const char *text, double *rotation, double *shift)
{
    try {
        fill(gemmi::parse_triplet(text), rotation, shift);
        return 1;
    } catch (...) {
        return 0;
    }
}

const gemmi::SpaceGroup *find_group(const char *symbol, double alpha, double gamma)
{
    char *end;
    const long number = std::strtol(symbol, &end, 10);
    if (end != symbol && *end == '\0') return gemmi::find_spacegroup_by_number(static_cast<int>(number));
    return gemmi::find_spacegroup_by_name(symbol, alpha, gamma);
}

int operations(const char *symbol, double alpha, double gamma, double (*operation)[12], int room)
{
    try {
        const gemmi::SpaceGroup *group = find_group(symbol, alpha, gamma);
        const gemmi::GroupOps ops = group ? group->operations() : gemmi::symops_from_hall(symbol);
        int used = 0;
        for (const gemmi::Op &op : ops.all_ops_sorted()) {
            if (used == room) return 0;
            fill(op, operation[used], operation[used] + 9);
            used++;
        }
        return used;
    } catch (...) {
        return 0;
    }
}

}  // namespace

extern "C" {
extern MTX_API const cif_shim mtxrt_cif;
const cif_shim mtxrt_cif = {parse, release, blocks, name, line, count, value, triplet, operations};
}
