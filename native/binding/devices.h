#pragma once

#include "binding/napi_setup.h"

namespace inform::binding {

// devices(backendDir: string): Promise<NativeDevice[]>
Napi::Value devices(const Napi::CallbackInfo & info);

// backends(backendDir: string): Promise<NativeBackend[]>
Napi::Value backends(const Napi::CallbackInfo & info);

// addBackendFolder(folder: string): void - for modules beyond the addon's own; before anything is loaded
void add_backend_folder(const Napi::CallbackInfo & info);

// opensLibrary(name: string): boolean
Napi::Value opens_library(const Napi::CallbackInfo & info);

// llamaVersion(): string
Napi::Value llama_version(const Napi::CallbackInfo & info);

}  // namespace inform::binding
