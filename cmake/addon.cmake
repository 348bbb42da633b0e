# The Node addon: one binary for every Node version that has Node-API 8, linked against the engine only.
add_library(inform_score MODULE
  native/binding/addon.cpp
  native/binding/devices.cpp
  native/binding/encode.cpp
  native/binding/engine_options.cpp
  native/binding/file_lock.cpp
  native/binding/log.cpp
  native/binding/measure.cpp
  native/binding/model_wrap.cpp
  native/binding/quantize.cpp
  native/binding/scorer_wrap.cpp
  native/binding/speed.cpp
  native/binding/task_handle_wrap.cpp)
target_include_directories(inform_score PRIVATE ${INFORM_NODE_API})
target_compile_definitions(inform_score PRIVATE NAPI_VERSION=8)
target_link_libraries(inform_score PRIVATE inform_engine)
set_target_properties(inform_score PROPERTIES
  PREFIX "" SUFFIX ".node"
  LIBRARY_OUTPUT_DIRECTORY "$<1:${INFORM_OUTPUT_DIR}>"
  RUNTIME_OUTPUT_DIRECTORY "$<1:${INFORM_OUTPUT_DIR}>")
# node itself provides the Node-API symbols; Windows wants a list of them.
if(APPLE)
  target_link_options(inform_score PRIVATE -undefined dynamic_lookup)
elseif(MSVC)
  set(INFORM_NODE_LIB "${CMAKE_BINARY_DIR}/node.lib")
  execute_process(COMMAND ${CMAKE_AR} /def:${INFORM_NODE_API_DEF} /out:${INFORM_NODE_LIB} ${CMAKE_STATIC_LINKER_FLAGS})
  target_link_libraries(inform_score PRIVATE "${INFORM_NODE_LIB}")
endif()
