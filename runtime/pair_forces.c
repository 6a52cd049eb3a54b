/* SPDX-License-Identifier: Apache-2.0
 *
 * pair_forces.c: from the derivative of an energy by the displacement of every pair to forces and to the
 * derivative by strain. In: pairs, gradients; out: sums over atoms, whoever owns them. For hosts whose ghosts
 * collect forces; compiled forces of whole crystals need none of this.
 */
#include "rt.h"

void mtx_pairs_forces(const mtx_pairs *pairs, const double (*gradient)[3], double (*force)[3])
{
    for (int64_t i = 0; i < pairs->atoms; i++) {
        double x = 0.0, y = 0.0, z = 0.0;
        for (int64_t k = pairs->row[i]; k < pairs->row[i + 1]; k++) {
            const double *g = gradient[k];
            double *other = force[pairs->j[k]];
            x += g[0];
            y += g[1];
            z += g[2];
            other[0] -= g[0];
            other[1] -= g[1];
            other[2] -= g[2];
        }
        force[i][0] += x;
        force[i][1] += y;
        force[i][2] += z;
    }
}

void mtx_pairs_strain(const mtx_pairs *pairs, const double (*gradient)[3], double strain[3][3])
{
    for (int64_t k = 0; k < pairs->n; k++) {
        const double d[3] = {pairs->dx[k], pairs->dy[k], pairs->dz[k]};
        for (int a = 0; a < 3; a++)
            for (int b = 0; b < 3; b++) strain[a][b] += d[a] * gradient[k][b];
    }
}
