# llama.cpp as shared libraries, its backends as modules found at run time beside the addon: one addon serves machines
# with and without a GPU, and a missing GPU runtime is a message instead of a failed load.
# INFORM_LLAMA_SOURCE names a patched tree for a machine without npm, git and network (bench/gpu/gpu.sh).
if(NOT INFORM_LLAMA_SOURCE)
  execute_process(
    COMMAND node "${CMAKE_SOURCE_DIR}/scripts/build/llama-source.mjs"
    OUTPUT_VARIABLE INFORM_LLAMA_SOURCE
    RESULT_VARIABLE INFORM_LLAMA_RESULT)
  if(NOT INFORM_LLAMA_RESULT EQUAL 0)
    message(FATAL_ERROR "llama.cpp's source could not be prepared; the line above says why.")
  endif()
endif()
message(STATUS "llama.cpp source: ${INFORM_LLAMA_SOURCE}")

set(BUILD_SHARED_LIBS ON)
set(GGML_BACKEND_DL ON CACHE BOOL "" FORCE)
# OpenMP keeps its threads; ggml's own pool starts new ones for every graph, which spin against each other until the
# kernel has moved them apart: measured 7x slower for batches of one sample on 2 cores (docs/design.md). The sanitizers
# do not understand libgomp's barriers.
if(INFORM_SANITIZE)
  set(GGML_OPENMP OFF CACHE BOOL "" FORCE)
else()
  set(GGML_OPENMP ON CACHE BOOL "" FORCE)
endif()
if(INFORM_PORTABLE)
  set(GGML_NATIVE OFF CACHE BOOL "" FORCE)
  set(GGML_CPU_ALL_VARIANTS ON CACHE BOOL "" FORCE)
else()
  set(GGML_CPU_ALL_VARIANTS OFF CACHE BOOL "" FORCE)
  include(cmake/native-cpu.cmake)
endif()
include(cmake/backends.cmake)
# The KV cache is F16 or F32: kernels for quantized ones would only take time to build.
set(GGML_CUDA_FA_QUANTS "f16-f16" CACHE STRING "" FORCE)
foreach(part TESTS SERVER APP)
  set(LLAMA_BUILD_${part} OFF CACHE BOOL "" FORCE)
endforeach()
# llama.cpp's own programs, built as our libraries are, so that `npm run bench` compares like with like.
foreach(part COMMON TOOLS EXAMPLES)
  set(LLAMA_BUILD_${part} ${INFORM_BENCH_PEERS} CACHE BOOL "" FORCE)
endforeach()

add_subdirectory("${INFORM_LLAMA_SOURCE}" "${CMAKE_BINARY_DIR}/llama.cpp" EXCLUDE_FROM_ALL)

# The generator expressions keep Visual Studio from adding the configuration's name to the folder.
# Every library that ggml builds, backends included, goes beside the addon, under its plain name: packed and unpacked
# folders keep no symbolic links.
function(inform_targets_below dir out)
  get_property(found DIRECTORY "${dir}" PROPERTY BUILDSYSTEM_TARGETS)
  get_property(children DIRECTORY "${dir}" PROPERTY SUBDIRECTORIES)
  foreach(child IN LISTS children)
    inform_targets_below("${child}" below)
    list(APPEND found ${below})
  endforeach()
  set(${out} ${found} PARENT_SCOPE)
endfunction()

inform_targets_below("${INFORM_LLAMA_SOURCE}" llama_targets)
foreach(target IN LISTS llama_targets)
  get_target_property(type ${target} TYPE)
  if(type MATCHES "^(SHARED_LIBRARY|MODULE_LIBRARY|EXECUTABLE)$")
    set_target_properties(${target} PROPERTIES
      LIBRARY_OUTPUT_DIRECTORY "$<1:${INFORM_OUTPUT_DIR}>"
      RUNTIME_OUTPUT_DIRECTORY "$<1:${INFORM_OUTPUT_DIR}>")
    set_property(TARGET ${target} PROPERTY VERSION)
    set_property(TARGET ${target} PROPERTY SOVERSION)
  endif()
  # Our matrix products and attention, compiled with each CPU module's instructions (native/patches/0007 and 0008).
  if(target MATCHES "^ggml-cpu" AND type STREQUAL "MODULE_LIBRARY")
    target_sources(${target} PRIVATE
      "${CMAKE_SOURCE_DIR}/native/kernels/activations.cpp"
      "${CMAKE_SOURCE_DIR}/native/kernels/amx.cpp"
      "${CMAKE_SOURCE_DIR}/native/kernels/attention.cpp"
      "${CMAKE_SOURCE_DIR}/native/kernels/decode.cpp"
      "${CMAKE_SOURCE_DIR}/native/kernels/mul_mat.cpp")
    target_include_directories(${target} PRIVATE "${CMAKE_SOURCE_DIR}/native/kernels")
  endif()
  # Compiled, because ggml depends on it, but not where anything is loaded from: cmake/native-cpu.cmake says why ggml's AMX stays off.
  if(target STREQUAL "ggml-cpu-sapphirerapids")
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/left-out")
  endif()
endforeach()

# The toolkit's runtime libraries are found where the toolkit lies, even if the system's loader does not know of it.
if(INFORM_CUDA)
  set_property(TARGET ggml-cuda APPEND PROPERTY INSTALL_RPATH "${INFORM_CUDA_LIBRARY_DIR}")
endif()

# The real Llama-3 vocabulary and chat template, for the embedded model, and llama.cpp's licence, which travels with it.
file(MAKE_DIRECTORY "${INFORM_OUTPUT_DIR}/llama-bpe")
configure_file("${INFORM_LLAMA_SOURCE}/models/ggml-vocab-llama-bpe.gguf"
  "${INFORM_OUTPUT_DIR}/llama-bpe/vocab.gguf" COPYONLY)
configure_file("${INFORM_LLAMA_SOURCE}/models/templates/meta-llama-Llama-3.1-8B-Instruct.jinja"
  "${INFORM_OUTPUT_DIR}/llama-bpe/chat_template.jinja" COPYONLY)
configure_file("${INFORM_LLAMA_SOURCE}/LICENSE" "${INFORM_OUTPUT_DIR}/LICENSE.llama.cpp" COPYONLY)
