# libFuzzer's targets, for clang on Linux: scripts/dev/fuzz.mjs configures a tree of its own with INFORM_FUZZ, builds and runs
# them. Of llama.cpp only ggml-base takes part.
function(inform_fuzz_target name)
  add_executable(${name} native/fuzz/${name}.cpp native/fuzz/no_llama.cpp ${ARGN})
  target_include_directories(${name} PRIVATE native "${INFORM_LLAMA_SOURCE}/include")
  target_link_libraries(${name} PRIVATE ggml-base)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "$<1:${INFORM_OUTPUT_DIR}>")
endfunction()

inform_fuzz_target(gguf_fuzz
  native/engine/gguf/gguf_file.cpp
  native/engine/gguf/gguf_header.cpp
  native/engine/gguf/model_header.cpp
  native/engine/runtime/log.cpp
  native/engine/scoring/score_head.cpp)
inform_fuzz_target(encode_fuzz
  native/engine/convert/tensor_encoder.cpp
  native/engine/gguf/random_access_file.cpp)

# With this CPU's instructions, of which the kernels are made.
inform_fuzz_target(kernels_fuzz native/kernels/activations.cpp native/kernels/amx.cpp native/kernels/decode.cpp)
target_compile_options(kernels_fuzz PRIVATE -march=native)
target_include_directories(kernels_fuzz PRIVATE native/kernels "${INFORM_LLAMA_SOURCE}/ggml/include"
  "${INFORM_LLAMA_SOURCE}/ggml/src" "${INFORM_LLAMA_SOURCE}/ggml/src/ggml-cpu")
