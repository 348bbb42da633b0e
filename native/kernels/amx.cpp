#include "amx.h"

#ifdef INFORM_KERNELS_AMX

#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace inform::kernels {

namespace {

// CPUID's leaf 7: in EDX.
constexpr unsigned has_bf16 = 1u << 22;
constexpr unsigned has_registers = 1u << 24;

// Linux saves the registers only for processes that have asked for it: ARCH_REQ_XCOMP_PERM of arch_prctl, with the
// number of their part of the processor's state (asm/prctl.h, and x86/xstate.rst of Linux's documentation). It refuses
// where it does not know AMX, and where a signal's stack would be too small.
constexpr long ask = 0x1023;
constexpr long register_data = 18;

// What LDTILECFG loads.
struct alignas(64) Configuration {
    uint8_t palette = 1;
    uint8_t start_row = 0;
    uint8_t reserved[14] = {};
    uint16_t bytes_of_row[16] = {};
    uint8_t rows[16] = {};
};
static_assert(sizeof(Configuration) == 64);

constexpr Configuration full_size() {
    Configuration configuration;
    for (int i = 0; i < 8; ++i) {
        configuration.bytes_of_row[i] = 64;
        configuration.rows[i] = 16;
    }
    return configuration;
}

constexpr Configuration configuration = full_size();

bool ask_for_amx() {
    unsigned eax, ebx, ecx, edx;
    if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) || !(edx & has_bf16) || !(edx & has_registers))
        return false;
    return syscall(SYS_arch_prctl, ask, register_data) == 0;
}

// Not in the constructor and destructor themselves: GCC 12 forgets which instructions those may have.
INFORM_AMX_FUNCTION void take_registers() {
    _tile_loadconfig(&configuration);
}

INFORM_AMX_FUNCTION void give_registers_back() {
    _tile_release();
}

}  // namespace

bool has_amx() {
    static const bool has = ask_for_amx();
    return has;
}

AmxRegisters::AmxRegisters() {
    take_registers();
}

AmxRegisters::~AmxRegisters() {
    give_registers_back();
}

}  // namespace inform::kernels

#endif
