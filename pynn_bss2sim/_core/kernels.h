/* One integration step for a block of neurons of one kind.
 *
 * Every function works on structure-of-arrays data and is written so that the compiler vectorizes
 * its loops. kernels_impl.h is compiled for each instruction set; engine.pyx picks one at run
 * time. The source fixes the order of all floating-point operations, contraction is off, and no
 * function of the C mathematics library is used: all instruction sets give the same bits, and so
 * does the NumPy twin in reference.py, which follows this file line by line.
 */
#ifndef BSS2SIM_KERNELS_H
#define BSS2SIM_KERNELS_H

#include <stdint.h>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__amd64__))
#define BSS_X86 1
#endif

typedef struct {
    int64_t n;
    int64_t substeps;
    /* where in the table of normal numbers the block reads in this step, for each source */
    const float *noise_v, *noise0, *noise1;
    /* from here on only pointers to double: bss_slice relies on it. State, updated in place */
    double *v, *w, *line0, *line1, *hold;
    /* what arrives on the lines at the end of the step; taken and cleared */
    double *arrive0, *arrive1;
    /* offset and injected currents */
    const double *i_membrane;
    /* common coefficients */
    const double *e_leak, *v_reset, *v_thresh, *decay0, *decay1;
    /* current-based LIF: exact propagators */
    const double *p_vv, *p_v0, *p_v1, *p_vi;
    /* conductance-based lines */
    const double *e_rev0, *e_rev1, *mean0, *mean1, *half0, *half1;
    /* conductance-based LIF and AdEx */
    const double *g_leak, *h_over_c, *g_delta_t, *inv_delta_t, *v_exp, *a, *h_over_tau_w;
    /* departures from the ideal equations: see plan.py */
    const double *leak_u, *leak_c, *line_u0, *line_u1, *line_c0, *line_c1;
    const double *reset_keep, *v_floor, *v_ceiling, *amp_v, *amp0, *amp1;
} bss_block;

/* what the slopes of one AdEx neuron depend on during a (sub)step */
typedef struct {
    int coba, mode;
    double v_thresh, e_leak, g_leak, g_delta_t, v_exp, inv_delta_t, e_rev0, e_rev1;
    double a, h_over_tau_w, current, h_over_c, leak_u, leak_c;
} bss_adex_cell;

/* returns whether any neuron of the block, held or not, is at or above threshold at the end of the
 * step */
typedef int64_t (*bss_kernel)(const bss_block *);

/* order of the kernels in each table: see plan.Kind */
enum { BSS_CUBA_LIF = 0, BSS_COBA_LIF = 1, BSS_CUBA_ADEX = 2, BSS_COBA_ADEX = 3, BSS_N_KINDS = 4 };

/* what a block departs in from the ideal equations: see plan.Mode */
enum { BSS_IDEAL = 0, BSS_SILICON = 1, BSS_NOISY = 2, BSS_N_MODES = 3 };

/* Kernels by [mode][whether something arrives][kind]. */
typedef const bss_kernel (*bss_kernel_table)[2][BSS_N_KINDS];
extern const bss_kernel bss_kernels_portable[BSS_N_MODES][2][BSS_N_KINDS];
extern const bss_kernel bss_kernels_alike_portable[1][2][BSS_N_KINDS];
#if defined(BSS_X86)
extern const bss_kernel bss_kernels_avx2[BSS_N_MODES][2][BSS_N_KINDS];
extern const bss_kernel bss_kernels_alike_avx2[1][2][BSS_N_KINDS];
extern const bss_kernel bss_kernels_avx512[BSS_N_MODES][2][BSS_N_KINDS];
extern const bss_kernel bss_kernels_alike_avx512[1][2][BSS_N_KINDS];
#endif

/* The kernels of an instruction set (best last), NULL where this machine lacks it; `alike` chooses
 * those for ideal blocks in which all neurons have the same coefficients. */
enum { BSS_PORTABLE = 0, BSS_AVX2 = 1, BSS_AVX512 = 2, BSS_N_ISAS = 3 };
bss_kernel_table bss_kernels_for(int isa, int alike);

/* Indices of all neurons at or above threshold, ascending; returns their number. */
typedef int64_t (*bss_search)(int64_t n, const double *v, const double *v_thresh, int32_t *index);
int64_t bss_over_threshold_portable(int64_t n, const double *v, const double *v_thresh,
                                    int32_t *index);
#if defined(BSS_X86)
int64_t bss_over_threshold_avx2(int64_t n, const double *v, const double *v_thresh, int32_t *index);
int64_t bss_over_threshold_avx512(int64_t n, const double *v, const double *v_thresh,
                                  int32_t *index);
#endif
bss_search bss_search_for(int isa);

/* the neurons first .. first + n - 1 of a block */
void bss_slice(const bss_block *whole, int64_t first, int64_t n, bss_block *part);

/* bounds of the argument of a saturating current (kernels_impl.h); never changed */
extern double bss_knee[2];

/* A hash of key, step and index (noise.py). */
static inline uint64_t bss_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static inline uint64_t bss_draw(uint64_t key, uint64_t step, uint64_t index)
{
    const uint64_t golden = UINT64_C(0x9E3779B97F4A7C15);
    return bss_mix(bss_mix(key + step * golden) + index * golden);
}

/* e**x for each element; exposed for tests */
void bss_exp_array(int64_t n, const double *x, double *y);

#endif
