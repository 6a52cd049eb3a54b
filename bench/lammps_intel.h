/* SPDX-License-Identifier: Apache-2.0 */
/* LAMMPS's INTEL package asks Intel's compiler for its intrinsics. This header, included before every file (bench/lammps_intel.sh),
 * gives them to g++: exp and pow by glibc's libmvec, divisions in place of approximate reciprocals, loads that need no alignment.
 * Only sw/intel is timed with it; the package's tersoff, rebo and airebo want more of Intel's library and are left out. */
#pragma once
#include <immintrin.h>
#define __INTEL_LLVM_COMPILER 20220000
#define kmp_set_blocktime(ms) ((void)0)

extern "C" {
__m512d _ZGVeN8v_exp(__m512d);
__m512d _ZGVeN8vv_pow(__m512d, __m512d);
__m512 _ZGVeN16v_expf(__m512);
__m512 _ZGVeN16vv_powf(__m512, __m512);
}

#define _mm512_exp_pd(x) _ZGVeN8v_exp(x)
#define _mm512_exp_ps(x) _ZGVeN16v_expf(x)
#define _mm512_pow_pd(x, y) _ZGVeN8vv_pow(x, y)
#define _mm512_pow_ps(x, y) _ZGVeN16vv_powf(x, y)
#define _mm512_invsqrt_pd(x) _mm512_div_pd(_mm512_set1_pd(1.0), _mm512_sqrt_pd(x))
#define _mm512_invsqrt_ps(x) _mm512_div_ps(_mm512_set1_ps(1.0f), _mm512_sqrt_ps(x))
#define _mm512_recip_pd(x) _mm512_div_pd(_mm512_set1_pd(1.0), x)
#define _mm512_recip_ps(x) _mm512_div_ps(_mm512_set1_ps(1.0f), x)
#define _mm512_mask_recip_pd(else_, mask, x) _mm512_mask_div_pd(else_, mask, _mm512_set1_pd(1.0), x)
#define _mm512_mask_recip_ps(else_, mask, x) _mm512_mask_div_ps(else_, mask, _mm512_set1_ps(1.0f), x)
#define _mm512_cvtepi32lo_pd(x) _mm512_cvtepi32_pd(_mm512_castsi512_si256(x))

#define _mm512_load_pd(p) _mm512_loadu_pd(p)
#define _mm512_load_ps(p) _mm512_loadu_ps(p)
#define _mm512_load_epi32(p) _mm512_loadu_epi32(p)
#define _mm512_store_pd(p, v) _mm512_storeu_pd(p, v)
#define _mm512_store_ps(p, v) _mm512_storeu_ps(p, v)
#define _mm512_store_epi32(p, v) _mm512_storeu_epi32(p, v)
#define _mm512_maskz_load_pd(mask, p) _mm512_maskz_loadu_pd(mask, p)
#define _mm512_maskz_load_ps(mask, p) _mm512_maskz_loadu_ps(mask, p)
#define _mm512_maskz_load_epi32(mask, p) _mm512_maskz_loadu_epi32(mask, p)
