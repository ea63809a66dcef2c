/* Vectors of numbers, as many as the registers of the instruction set hold: BSS_WIDTH bytes, which
 * who includes this file says.
 *
 * Arithmetic operators work on vectors as on numbers. What compares gives masks: all bits of a
 * number or none. Where the compiler knows no vectors, each is one number.
 */
#ifndef BSS2SIM_VECTORS_H
#define BSS2SIM_VECTORS_H

#include <stdint.h>
#include <string.h>

#if defined(BSS_X86)
#include <immintrin.h>
#endif

#if defined(__GNUC__)
#define BSS_SELDOM(condition) __builtin_expect(!!(condition), 0)
/* a loop over so few vectors that they stay in registers */
#define BSS_UNROLL _Pragma("GCC unroll 8")
#define BSS_VECTOR(bytes) __attribute__((vector_size(bytes)))
#define BSS_ANYWHERE(number) __attribute__((aligned(sizeof(number)), may_alias))
#define BSS_CONVERTED(x, vector) __builtin_convertvector(x, vector)
#define BSS_MASK(condition) (condition)
#else
#undef BSS_WIDTH
#define BSS_WIDTH 0
#define BSS_SELDOM(condition) (condition)
#define BSS_UNROLL
#define BSS_VECTOR(bytes)
#define BSS_ANYWHERE(number)
#define BSS_CONVERTED(x, vector) ((vector)(x))
#define BSS_MASK(condition) (-(condition))
#endif

typedef float bss_floats BSS_VECTOR(BSS_WIDTH);
typedef double bss_doubles BSS_VECTOR(BSS_WIDTH);
typedef int32_t bss_mask BSS_VECTOR(BSS_WIDTH);
typedef int64_t bss_wide_mask BSS_VECTOR(BSS_WIDTH);
/* as many doubles as bss_floats has floats */
typedef double bss_many_doubles BSS_VECTOR(2 * BSS_WIDTH);

enum {
    BSS_FLOATS = sizeof(bss_floats) / sizeof(float),
    BSS_DOUBLES = sizeof(bss_doubles) / sizeof(double)
};

/* Compilers would rather read numbers again from memory than keep them: this lets them keep some. */
#if defined(BSS_X86) && BSS_WIDTH == 64
#define BSS_IN_REGISTER(x) __asm__("" : "+v"(x))
#elif defined(BSS_X86) && BSS_WIDTH > 0
#define BSS_IN_REGISTER(x) __asm__("" : "+x"(x))
#else
#define BSS_IN_REGISTER(x) ((void)(x))
#endif

/* What is alike in both precisions. */
#define BSS_VECTOR_FUNCTIONS(floats, number, integer, mask)                                        \
    typedef bss_##floats bss_near_##floats BSS_ANYWHERE(number);                                   \
    BSS_SPECIALIZE bss_##floats bss_load_##floats(const number *from)                              \
    {                                                                                              \
        return *(const bss_near_##floats *)from;                                                   \
    }                                                                                              \
    BSS_SPECIALIZE void bss_store_##floats(number *to, bss_##floats x)                             \
    {                                                                                              \
        *(bss_near_##floats *)to = x;                                                              \
    }                                                                                              \
    BSS_SPECIALIZE mask bss_bits_of_##floats(bss_##floats x)                                       \
    {                                                                                              \
        mask bits;                                                                                 \
        memcpy(&bits, &x, sizeof x);                                                               \
        return bits;                                                                               \
    }                                                                                              \
    BSS_SPECIALIZE bss_##floats bss_##floats##_of_bits(mask bits)                                  \
    {                                                                                              \
        bss_##floats x;                                                                            \
        memcpy(&x, &bits, sizeof x);                                                               \
        return x;                                                                                  \
    }                                                                                              \
    /* x, but 0 where the mask is set */                                                           \
    BSS_SPECIALIZE bss_##floats bss_unless_##floats(mask set, bss_##floats x)                      \
    {                                                                                              \
        return bss_##floats##_of_bits(bss_bits_of_##floats(x) & ~set);                             \
    }                                                                                              \
    BSS_SPECIALIZE bss_##floats bss_choose_##floats(mask set, bss_##floats yes, bss_##floats no)   \
    {                                                                                              \
        return bss_##floats##_of_bits((bss_bits_of_##floats(yes) & set)                            \
                                      | (bss_bits_of_##floats(no) & ~set));                        \
    }                                                                                              \
    BSS_SPECIALIZE bss_##floats bss_magnitude_##floats(bss_##floats x)                             \
    {                                                                                              \
        const integer all = (integer)-1;                                                           \
        return bss_##floats##_of_bits(bss_bits_of_##floats(x) & (integer)((u##integer)all >> 1));  \
    }

BSS_VECTOR_FUNCTIONS(floats, float, int32_t, bss_mask)
BSS_VECTOR_FUNCTIONS(doubles, double, int64_t, bss_wide_mask)

/* x < y ? x : y, x > y ? x : y, and which numbers are at or above others: what instruction sets have
 * instructions for that compilers do not find. Flags say yes or no for each number of a vector. */
#if defined(BSS_X86) && BSS_WIDTH == 64
#define BSS_INTRINSIC(name) _mm512_##name
#define BSS_AT_LEAST(suffix) _mm512_cmp_##suffix##_mask(x, y, _CMP_GE_OQ)
#elif defined(BSS_X86) && BSS_WIDTH == 32
#define BSS_INTRINSIC(name) _mm256_##name
#define BSS_MOVED_MASK(suffix) _mm256_movemask_##suffix
#elif defined(BSS_X86) && BSS_WIDTH == 16
#define BSS_INTRINSIC(name) _mm_##name
#define BSS_MOVED_MASK(suffix) _mm_movemask_##suffix
#else
BSS_SPECIALIZE uint32_t bss_first_bits(const void *set, int n, size_t size)
{
    uint32_t bits = 0;
    for (int k = 0; k < n; k++)
        bits |= (uint32_t)(((const char *)set)[k * size] & 1) << k;
    return bits;
}
#endif
#if defined(BSS_INTRINSIC)
#define BSS_CHOSEN(name, sign, floats, suffix) BSS_INTRINSIC(name##_##suffix)(x, y)
#else
#define BSS_CHOSEN(name, sign, floats, suffix) bss_choose_##floats(BSS_MASK(x sign y), x, y)
#endif
#define BSS_CHOICE(name, sign, floats, suffix)                                                     \
    BSS_SPECIALIZE bss_##floats bss_##name##_##floats(bss_##floats x, bss_##floats y)              \
    {                                                                                              \
        return BSS_CHOSEN(name, sign, floats, suffix);                                             \
    }
BSS_CHOICE(min, <, floats, ps)
BSS_CHOICE(max, >, floats, ps)
BSS_CHOICE(min, <, doubles, pd)
BSS_CHOICE(max, >, doubles, pd)

#if defined(BSS_AT_LEAST)
typedef uint32_t bss_flags_floats, bss_flags_doubles;
#define BSS_FLAGS(floats, suffix) (uint32_t) BSS_AT_LEAST(suffix)
#define BSS_BITS(floats, number, suffix) flags
#else
typedef bss_mask bss_flags_floats;
typedef bss_wide_mask bss_flags_doubles;
#define BSS_FLAGS(floats, suffix) BSS_MASK(x >= y)
#if defined(BSS_MOVED_MASK)
#define BSS_BITS(floats, number, suffix)                                                           \
    (uint32_t) BSS_MOVED_MASK(suffix)(bss_##floats##_of_bits(flags))
#else
#define BSS_BITS(floats, number, suffix)                                                           \
    bss_first_bits(&flags, sizeof flags / sizeof(number), sizeof(number))
#endif
#endif
#define BSS_FLAG_FUNCTIONS(floats, number, suffix)                                                 \
    BSS_SPECIALIZE bss_flags_##floats bss_at_least_##floats(bss_##floats x, bss_##floats y)        \
    {                                                                                              \
        return BSS_FLAGS(floats, suffix);                                                          \
    }                                                                                              \
    /* a bit for each number */                                                                    \
    BSS_SPECIALIZE uint32_t bss_bits_##floats(bss_flags_##floats flags)                            \
    {                                                                                              \
        return BSS_BITS(floats, number, suffix);                                                   \
    }
BSS_FLAG_FUNCTIONS(floats, float, ps)
BSS_FLAG_FUNCTIONS(doubles, double, pd)

/* Doubles rounded to floats, and floats added to doubles. */
typedef bss_many_doubles bss_near_many_doubles BSS_ANYWHERE(double);
BSS_SPECIALIZE bss_floats bss_rounded(const double *from)
{
    return BSS_CONVERTED(*(const bss_near_many_doubles *)from, bss_floats);
}

BSS_SPECIALIZE void bss_add_floats(double *to, bss_floats x)
{
    *(bss_near_many_doubles *)to += BSS_CONVERTED(x, bss_many_doubles);
}

#endif
