/* Kernels compiled for AVX512; called only after the machine was asked whether it has it. */
#include "block.h"
#if defined(BSS_X86)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC target("avx512f,avx512dq,avx512vl,prefer-vector-width=512")
#endif
#define BSS_WIDTH 64
#define BSS_NAME(name) bss_##name##_avx512
#include "kernels_impl.h"
#include "pair_change_impl.h"

#if defined(__clang__)
#pragma clang attribute pop
#endif
#else
typedef int bss_no_avx512; /* ISO C wants a declaration in every file */
#endif
