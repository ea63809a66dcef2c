/* Kernels for the instruction set every machine of this architecture has, and the choice. */
#include "block.h"

#define BSS_WIDTH 16
#define BSS_NAME(name) bss_##name##_portable
#include "kernels_impl.h"
#include "pair_change_impl.h"

void bss_exp_array(int64_t n, const double *x, double *y)
{
    int64_t i;
    for (i = 0; i < n; i++)
        y[i] = bss_exp_portable(x[i]);
}

#define BSS_TEXT(name) #name,
#define BSS_TEXTS(columns)                                                                         \
    {                                                                                              \
        BSS_COMMON_COLUMNS(BSS_TEXT)                                                               \
        columns(BSS_TEXT)                                                                          \
        BSS_SILICON_COLUMNS(BSS_TEXT)                                                              \
        BSS_NOISY_COLUMNS(BSS_TEXT)                                                                \
    }
const char *bss_column(int kind, int mode, int k)
{
    static const char *const cuba_lif[] = BSS_TEXTS(BSS_CUBA_LIF_COLUMNS);
    static const char *const coba_lif[] = BSS_TEXTS(BSS_COBA_LIF_COLUMNS);
    static const char *const adex[] = BSS_TEXTS(BSS_ADEX_COLUMNS);
    static const char *const single_lif[] = BSS_TEXTS(BSS_SINGLE_LIF_COLUMNS);
    static const char *const single_adex[] = BSS_TEXTS(BSS_SINGLE_ADEX_COLUMNS);
    const char *const *const names[2][BSS_N_KINDS]
        = {{cuba_lif, coba_lif, adex, adex}, {cuba_lif, single_lif, single_adex, single_adex}};
    return k < bss_n_columns(kind, mode) ? names[mode != BSS_IDEAL][kind][k] : 0;
}

bss_kernel_table bss_kernels_for(int isa)
{
    if (isa == BSS_PORTABLE)
        return bss_kernels_portable;
#if defined(BSS_X86)
    __builtin_cpu_init();
    if (isa == BSS_AVX2 && __builtin_cpu_supports("avx2"))
        return bss_kernels_avx2;
    if (isa == BSS_AVX512 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq")
        && __builtin_cpu_supports("avx512vl"))
        return bss_kernels_avx512;
#endif
    return 0;
}

bss_pair_change bss_pair_change_for(int isa)
{
#if defined(BSS_X86)
    if (isa == BSS_AVX2)
        return bss_pair_change_avx2;
    if (isa == BSS_AVX512)
        return bss_pair_change_avx512;
#endif
    (void)isa;
    return bss_pair_change_portable;
}
