/* SPDX-License-Identifier: Apache-2.0
 *
 * reference_sw.h: the silicon potential of Stillinger and Weber (Phys. Rev. B 31, 5262 (1985)) as one writes it by hand
 * in C: each triplet once, per row the numbers of each neighbour. In: pairs within 1.8 sigma. Out: energy, forces [n][3],
 * virial [9] = sum of d (x) dE/dd; F and W may be NULL. g [pairs][3] is room.
 */
#ifndef MTX_BENCH_REFERENCE_SW_H
#define MTX_BENCH_REFERENCE_SW_H

#include <math.h>
#include <mtx/mtxrt.h>
#include <string.h>

#define SW_NEIGHBOURS 256

static void reference_sw(const mtx_set_view *bond, int64_t n, double *E, double *F, double *W, double *g)
{
    const double eps = 2.1683, sig = 2.0951, A = 7.049556277, B = 0.6022245584, a = 1.8, gamma = 1.2, lambda = 21;
    double total = 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t lo = bond->row[i], m = bond->row[i + 1] - lo;
        double u[SW_NEIGHBOURS][3], inverse[SW_NEIGHBOURS], tail[SW_NEIGHBOURS], slope[SW_NEIGHBOURS];
        for (int64_t b = 0; b < m; b++) {
            double r = bond->dist[lo + b], x = r / sig, y = 1 / (x - a), x4 = 1 / (x * x * x * x);
            double e = exp(y), two = A * (B * x4 - 1) * e;
            total += 0.5 * eps * two;
            tail[b] = exp(gamma * y);
            slope[b] = -gamma * y * y * tail[b] / sig;
            inverse[b] = 1 / r;
            u[b][0] = bond->x[lo + b] * inverse[b];
            u[b][1] = bond->y[lo + b] * inverse[b];
            u[b][2] = bond->z[lo + b] * inverse[b];
            if (F) {
                double by_r = 0.5 * eps / sig * (-4 * A * B * x4 / x * e - two * y * y);
                for (int c = 0; c < 3; c++) g[3 * (lo + b) + c] = by_r * u[b][c];
            }
        }
        for (int64_t b = 0; b < m; b++)
            for (int64_t c = b + 1; c < m; c++) {
                double cosine = u[b][0] * u[c][0] + u[b][1] * u[c][1] + u[b][2] * u[c][2], q = cosine + 1.0 / 3;
                double k = lambda * eps * q * q;
                total += k * tail[b] * tail[c];
                if (!F) continue;
                double by_b = k * slope[b] * tail[c], by_c = k * tail[b] * slope[c];
                double by_cosine = 2 * lambda * eps * q * tail[b] * tail[c];
                for (int d = 0; d < 3; d++) {
                    g[3 * (lo + b) + d] += by_b * u[b][d] + by_cosine * inverse[b] * (u[c][d] - cosine * u[b][d]);
                    g[3 * (lo + c) + d] += by_c * u[c][d] + by_cosine * inverse[c] * (u[b][d] - cosine * u[c][d]);
                }
            }
    }
    *E = total;
    if (!F) return;
    memset(F, 0, sizeof *F * 3 * (size_t)n);
    memset(W, 0, sizeof *W * 9);
    for (int64_t i = 0; i < n; i++)
        for (int64_t b = bond->row[i]; b < bond->row[i + 1]; b++) {
            const double d[3] = {bond->x[b], bond->y[b], bond->z[b]};
            for (int c = 0; c < 3; c++) {
                F[3 * i + c] += g[3 * b + c];
                F[3 * (int64_t)bond->j[b] + c] -= g[3 * b + c];
                for (int k = 0; k < 3; k++) W[3 * c + k] += d[c] * g[3 * b + k];
            }
        }
}

#endif
