#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""run_jacobians.py with every energy of run_gradients.py.
usage: run_jacobians_full.py --mtx PROGRAM --root SOURCE_TREE"""
import run_jacobians

if __name__ == "__main__":
    run_jacobians.Forward.energies = run_jacobians.ENERGIES
    run_jacobians.main()
