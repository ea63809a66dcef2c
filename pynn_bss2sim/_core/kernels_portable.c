/* Kernels for the instruction set every machine of this architecture has, and the choice. */
#define BSS_PASTE(name, suffix) bss_##name##_##suffix

#define BSS_NAME(name) BSS_PASTE(name, portable)
#define BSS_ALIKE 0
#include "kernels_impl.h"

#define BSS_NAME(name) BSS_PASTE(name, alike_portable)
#define BSS_ALIKE 1
#include "kernels_impl.h"

void bss_exp_array(int64_t n, const double *x, double *y)
{
    int64_t i;
    for (i = 0; i < n; i++)
        y[i] = bss_exp_portable(x[i]);
}

int64_t bss_over_threshold(int64_t n, const double *v, const double *v_thresh, int32_t *index)
{
    int64_t i, k, count = 0;
    for (i = 0; i + 8 <= n; i += 8) { /* most groups of eight have none */
        uint64_t any = 0;
        for (k = i; k < i + 8; k++)
            any |= (uint64_t)(v[k] >= v_thresh[k]);
        if (any)
            for (k = i; k < i + 8; k++)
                if (v[k] >= v_thresh[k])
                    index[count++] = (int32_t)k;
    }
    for (; i < n; i++)
        if (v[i] >= v_thresh[i])
            index[count++] = (int32_t)i;
    return count;
}

void bss_slice(const bss_block *whole, int64_t first, int64_t n, bss_block *part)
{
    double **pointer;
    *part = *whole;
    part->n = n;
    for (pointer = &part->v; pointer != (double **)(part + 1); pointer++)
        if (*pointer)
            *pointer += first;
}

bss_kernel_table bss_kernels_for(int isa, int alike)
{
    if (isa == BSS_PORTABLE)
        return alike ? bss_kernels_alike_portable : bss_kernels_portable;
#if defined(BSS_X86)
    __builtin_cpu_init();
    if (isa == BSS_AVX2 && __builtin_cpu_supports("avx2"))
        return alike ? bss_kernels_alike_avx2 : bss_kernels_avx2;
    if (isa == BSS_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl"))
        return alike ? bss_kernels_alike_avx512 : bss_kernels_avx512;
#endif
    return 0;
}
