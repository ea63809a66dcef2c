/* One integration step for neurons of one kind.
 *
 * Neurons are integrated in tiles of BSS_TILE neighbours. Those of a tile's coefficients that
 * differ among neurons stand together: one stream through memory, however many there are. The
 * others are there once for all tiles. The state stays in one array for each variable. Loops over
 * the neurons of a tile are written so that the compiler vectorizes them; where a chain of operations is long,
 * several short loops over a tile let the processor work on many neurons at once.
 *
 * kernels_impl.h is compiled for each instruction set; engine.pyx picks one at run time. The source
 * fixes the order of all floating-point operations, contraction is off, and no function of the C
 * mathematics library is used: all instruction sets give the same bits, and so does the NumPy twin
 * in reference_kernels.py and reference_silicon.py, which follows them line by line.
 */
#ifndef BSS2SIM_KERNELS_H
#define BSS2SIM_KERNELS_H

#include <stdint.h>

#if defined(__GNUC__) && (defined(__x86_64__) || defined(__amd64__))
#define BSS_X86 1
#endif

/* neurons of a tile: enough vectors to hide how long operations take */
enum { BSS_TILE = 32 };

/* order of the kernels: see plan.Kind */
enum { BSS_CUBA_LIF = 0, BSS_COBA_LIF = 1, BSS_CUBA_ADEX = 2, BSS_COBA_ADEX = 3, BSS_N_KINDS = 4 };

/* how neurons are integrated: see plan.Mode */
enum { BSS_IDEAL = 0, BSS_SINGLE = 1, BSS_SILICON = 2, BSS_NOISY = 3, BSS_N_MODES = 4 };

/* Coefficients, named as in plan.Plan. Those that only later modes read stand behind the others and
 * are not there in earlier modes. Which of them a kind has depends on whether it is integrated in
 * double precision, as in BSS_IDEAL. The propagator of membrane currents is missing: the engine has
 * multiplied the currents by it. All are of double in BSS_IDEAL; in the other modes only potentials
 * (v_...) and e_leak are, the others are of float, and factors of decay are less 1 (tiles.py).
 * e_leak and v_thresh change during a run. */
#define BSS_COMMON_COLUMNS(X) X(e_leak) X(v_thresh) X(v_reset) X(decay0) X(decay1)
#define BSS_CUBA_LIF_COLUMNS(X) X(p_vv) X(p_v0) X(p_v1)
#define BSS_COBA_LIF_COLUMNS(X) X(e_rev0) X(e_rev1) X(mean0) X(mean1) X(g_leak) X(h_over_c)
#define BSS_ADEX_COLUMNS(X)                                                                        \
    X(e_rev0) X(e_rev1) X(half0) X(half1) X(g_leak) X(h_over_c) X(g_delta_t) X(v_exp)              \
    X(inv_delta_t) X(a) X(h_over_tau_w)
#define BSS_SINGLE_LIF_COLUMNS(X) X(e_rev0) X(e_rev1) X(felt0) X(felt1) X(g_leak)
#define BSS_SINGLE_ADEX_COLUMNS(X)                                                                 \
    BSS_SINGLE_LIF_COLUMNS(X) X(h_over_c) X(g_delta_t) X(v_exp) X(inv_delta_t) X(a) X(decay_w)
#define BSS_SATURATION_COLUMNS(X)                                                                  \
    X(leak_u) X(leak_c) X(line_u0) X(line_u1) X(line_c0) X(line_c1) X(reset_keep)
#define BSS_SILICON_COLUMNS(X) BSS_SATURATION_COLUMNS(X) X(v_floor) X(v_ceiling)
#define BSS_NOISY_COLUMNS(X) X(amp_v) X(amp0) X(amp1)

/* Where the coefficients of a tile lie. */
#define BSS_PLACE(name) const void *name;
#define BSS_COLUMNS_OF(columns)                                                                    \
    struct {                                                                                       \
        BSS_COMMON_COLUMNS(BSS_PLACE)                                                              \
        columns(BSS_PLACE)                                                                         \
        BSS_SILICON_COLUMNS(BSS_PLACE)                                                             \
        BSS_NOISY_COLUMNS(BSS_PLACE)                                                               \
    }
typedef BSS_COLUMNS_OF(BSS_CUBA_LIF_COLUMNS) bss_cuba_lif_columns;
typedef BSS_COLUMNS_OF(BSS_COBA_LIF_COLUMNS) bss_coba_lif_columns;
typedef BSS_COLUMNS_OF(BSS_ADEX_COLUMNS) bss_adex_columns;
typedef BSS_COLUMNS_OF(BSS_SINGLE_LIF_COLUMNS) bss_single_lif_columns;
typedef BSS_COLUMNS_OF(BSS_SINGLE_ADEX_COLUMNS) bss_single_adex_columns;

enum { BSS_MAX_COLUMNS = sizeof(bss_adex_columns) / sizeof(const void *) };
typedef union {
    const void *at[BSS_MAX_COLUMNS];
    bss_cuba_lif_columns cuba_lif;
    bss_coba_lif_columns coba_lif;
    bss_adex_columns adex;
    bss_single_lif_columns single_lif;
    bss_single_adex_columns single_adex;
} bss_columns;

_Static_assert(sizeof(bss_single_adex_columns) == sizeof(bss_adex_columns),
               "as many coefficients in single precision");

#define BSS_ONE(name) +1
enum { BSS_N_SILICON = 0 BSS_SILICON_COLUMNS(BSS_ONE), BSS_N_NOISY = 0 BSS_NOISY_COLUMNS(BSS_ONE) };

/* Number of coefficients. */
static inline int bss_n_columns(int kind, int mode)
{
    const int all = kind == BSS_CUBA_LIF   ? sizeof(bss_cuba_lif_columns) / sizeof(const void *)
                    : kind >= BSS_CUBA_ADEX ? BSS_MAX_COLUMNS
                    : mode == BSS_IDEAL ? sizeof(bss_coba_lif_columns) / sizeof(const void *)
                                        : sizeof(bss_single_lif_columns) / sizeof(const void *);
    return all - (mode == BSS_NOISY ? 0 : BSS_N_NOISY) - (mode < BSS_SILICON ? BSS_N_SILICON : 0);
}

/* Name of coefficient `k`, NULL behind the last. */
const char *bss_column(int kind, int mode, int k);

/* State of neighbouring neurons, updated in place, and the currents that flow into their membranes
 * (current-based LIF: what these add to V in a step). */
typedef struct {
    double *v, *w, *line0, *line1, *hold;
    const double *drive;
} bss_cells;

struct bss_neurons;
struct bss_spiking;
struct bss_singles;
struct bss_lines;
struct bss_tile;
struct bss_part;
struct bss_share;

/* Integrate a part of a share over a block of steps (block.h). */
typedef void (*bss_kernel)(const struct bss_neurons *all, const struct bss_part *part,
                           struct bss_share *share);

/* Neighbouring neurons of one kind and mode: a piece of a block of the plan. */
typedef struct bss_part {
    int64_t number, first, n;
    int64_t block, behind; /* the block, and how far behind its first neuron the part begins */
    int64_t mode, substeps;
    bss_kernel kernel;
    /* coefficients of the first tile, and how many bytes it is from tile to tile: 0 where neurons
     * are alike in a coefficient */
    bss_columns columns;
    int64_t stride[BSS_MAX_COLUMNS];
    bss_cells cells;
    /* what spikes of the first neuron do, and how many records it is from neuron to neuron: 0 where
     * they do the same to all */
    const struct bss_spiking *spiking;
    int64_t apart;
    struct bss_singles *singles; /* one for each tile; not there in BSS_IDEAL */
    struct bss_lines *lines;
    struct bss_tile *tiles;
    int64_t alike; /* whether neurons differ in no coefficient; in BSS_SINGLE, but for potentials */
} bss_part;

/* Kernels of an instruction set (best last), NULL where this machine lacks it. */
typedef const bss_kernel (*bss_kernel_table)[BSS_N_KINDS];
extern const bss_kernel bss_kernels_portable[BSS_N_MODES][BSS_N_KINDS];
#if defined(BSS_X86)
extern const bss_kernel bss_kernels_avx2[BSS_N_MODES][BSS_N_KINDS];
extern const bss_kernel bss_kernels_avx512[BSS_N_MODES][BSS_N_KINDS];
#endif
enum { BSS_PORTABLE = 0, BSS_AVX2 = 1, BSS_AVX512 = 2, BSS_N_ISAS = 3 };
bss_kernel_table bss_kernels_for(int isa);

/* How a rule changes weights w at events of one side (spike_pairs.py):
 * w += amplitude ((edge - w) / (edge - other))**power trace;  w += constant
 * where the trace decays by its rate since the last epoch of 2**k steps began. */
typedef struct {
    double amplitude, power, edge, other, constant, rate;
    int64_t epoch;
} bss_pair_term;

/* Synapses that see events in one step, with powers of one kind: all 0, all 1, or any. */
enum { BSS_PAIR_GROUP = 256, BSS_PAIR_KINDS = 3 };
typedef struct {
    int64_t n;
    int32_t common; /* the rule of all, -1: several */
    int32_t synapse[BSS_PAIR_GROUP], rule[BSS_PAIR_GROUP];
    double trace[BSS_PAIR_GROUP];
} bss_pair_batch;

/* Change the weights of a batch, each followed by clipping to the range from `edge` to `other`. */
typedef void (*bss_pair_change)(int kind, const bss_pair_batch *batch, const bss_pair_term *terms,
                                int64_t step, double *weight);
void bss_pair_change_portable(int kind, const bss_pair_batch *batch, const bss_pair_term *terms,
                              int64_t step, double *weight);
#if defined(BSS_X86)
void bss_pair_change_avx2(int kind, const bss_pair_batch *batch, const bss_pair_term *terms,
                          int64_t step, double *weight);
void bss_pair_change_avx512(int kind, const bss_pair_batch *batch, const bss_pair_term *terms,
                            int64_t step, double *weight);
#endif
bss_pair_change bss_pair_change_for(int isa);

/* e**x for each element */
void bss_exp_array(int64_t n, const double *x, double *y);

#endif
