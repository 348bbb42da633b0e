# Sets ggml's instruction-set options to what the compiler says this machine has. ggml's own GGML_NATIVE does the same
# but refuses loadable backends on x86, because a loadable backend must state its needs in options.
if(CMAKE_CROSSCOMPILING)
  set(GGML_NATIVE OFF CACHE BOOL "" FORCE) # whoever builds for another machine says what it has (scripts/dev/test-arm.mjs)
  return()
endif()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|i686)$")
  set(GGML_NATIVE ON CACHE BOOL "" FORCE)
  return()
endif()
set(GGML_NATIVE OFF CACHE BOOL "" FORCE)
if(MSVC)
  return() # no way to ask: ggml's default of AVX2 stands
endif()

separate_arguments(INFORM_COMPILER_ARGUMENTS NATIVE_COMMAND "${CMAKE_CXX_COMPILER_ARG1}")
file(WRITE "${CMAKE_BINARY_DIR}/empty.cpp" "")
execute_process(
  # ARG1: what follows the program in CXX ("ccache g++").
  COMMAND ${CMAKE_CXX_COMPILER} ${INFORM_COMPILER_ARGUMENTS} -march=native -dM -E "${CMAKE_BINARY_DIR}/empty.cpp"
  OUTPUT_VARIABLE INFORM_CPU_MACROS
  RESULT_VARIABLE INFORM_CPU_RESULT)
if(NOT INFORM_CPU_RESULT EQUAL 0)
  message(FATAL_ERROR "The compiler does not say what this CPU has (-march=native). Set INFORM_PORTABLE=1.")
endif()

function(inform_cpu_option option)
  set(has ON)
  foreach(macro IN LISTS ARGN)
    if(NOT INFORM_CPU_MACROS MATCHES "#define ${macro} ")
      set(has OFF)
    endif()
  endforeach()
  set(${option} ${has} CACHE BOOL "" FORCE)
  if(has)
    set(INFORM_CPU_FEATURES "${INFORM_CPU_FEATURES} ${option}" PARENT_SCOPE)
  endif()
endfunction()

inform_cpu_option(GGML_SSE42 __SSE4_2__)
inform_cpu_option(GGML_AVX __AVX__)
inform_cpu_option(GGML_AVX2 __AVX2__)
inform_cpu_option(GGML_BMI2 __BMI2__)
inform_cpu_option(GGML_FMA __FMA__)
inform_cpu_option(GGML_F16C __F16C__)
inform_cpu_option(GGML_AVX_VNNI __AVXVNNI__)
inform_cpu_option(GGML_AVX512 __AVX512F__ __AVX512CD__ __AVX512VL__ __AVX512DQ__ __AVX512BW__)
inform_cpu_option(GGML_AVX512_VBMI __AVX512VBMI__)
inform_cpu_option(GGML_AVX512_VNNI __AVX512VNNI__)
inform_cpu_option(GGML_AVX512_BF16 __AVX512BF16__)
# ggml's AMX kernels stay off (ours ask for it, native/kernels/amx.cpp): whether its tiles may be used is decided by the kernel and the hypervisor, not by the instruction set.
# Seen in a virtual machine whose CPU lists AMX: SIGILL at the first tile load of ggml's kernels.
foreach(option GGML_AMX_TILE GGML_AMX_INT8 GGML_AMX_BF16)
  set(${option} OFF CACHE BOOL "" FORCE)
endforeach()
message(STATUS "This CPU:${INFORM_CPU_FEATURES}")
