#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_gradients.py with every energy by the C back end too.
usage: run_gradients_full.py --mtx PROGRAM --root SOURCE_TREE"""
import os
import sys
import unittest

import run_gradients

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
from mtx_call import opened  # noqa: E402

if __name__ == "__main__":
    run_gradients.C_EVERY = 1
    run_gradients.mtx, words = opened()
    unittest.main(module=run_gradients, argv=words, verbosity=1)
