#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_products.py with the C back end too.
usage: run_products_full.py --mtx PROGRAM --root SOURCE_TREE"""
import sys

import run_products

if __name__ == "__main__":
    sys.exit(run_products.main(("llvm", "c")))
