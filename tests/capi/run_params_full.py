#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same with forces among the outputs: what run_params.py leaves out.
usage: run_params_full.py --mtx PROGRAM --root SOURCE_TREE"""
import sys

from run_params import main

if __name__ == "__main__":
    sys.exit(main(forces=True))
