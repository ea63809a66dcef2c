/* Kernels for the instruction set every machine of this architecture has, and the choice. */
#include "kernels.h"

double bss_knee[2] = {-0.5773502691896258, 0.5773502691896258};

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

bss_search bss_search_for(int isa)
{
#if defined(BSS_X86)
    if (isa == BSS_AVX2)
        return bss_over_threshold_avx2;
    if (isa == BSS_AVX512)
        return bss_over_threshold_avx512;
#endif
    (void)isa;
    return bss_over_threshold_portable;
}
