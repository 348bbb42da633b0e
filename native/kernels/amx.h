#pragma once

// AMX: registers of 16 rows of 64 bytes, and an instruction that multiplies and adds 16 times 16 dot products of 32
// BF16 numbers in F32. The compiler is told of it function by function, since a CPU module is chosen by other
// instructions: whether a process may use AMX is decided by the kernel and the hypervisor, and is only known when it is
// asked for.

#include "vectors.h"

#if INFORM_KERNELS_LANES == 16 && defined(__AVX512BF16__) && defined(__x86_64__) && defined(__linux__)
#if defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11
#define INFORM_KERNELS_AMX
#define INFORM_AMX_FUNCTION __attribute__((target("amx-tile,amx-bf16")))
#endif
#endif

#ifdef INFORM_KERNELS_AMX

namespace inform::kernels {

// Whether the CPU has AMX with BF16, and the system lets this process use it.
bool has_amx();

// All eight registers at their full size, for this thread, until they are given back. A thread that does not give them
// back has 8 KB more to save whenever it is interrupted.
class AmxRegisters {
public:
    AmxRegisters();
    ~AmxRegisters();
    AmxRegisters(const AmxRegisters &) = delete;
    AmxRegisters & operator=(const AmxRegisters &) = delete;
};

}  // namespace inform::kernels

#endif
