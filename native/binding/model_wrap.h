#pragma once

#include <memory>

#include "binding/napi_setup.h"
#include "engine/scoring/model.h"

namespace inform::binding {

// JS: class Model, made by loadModel() only.
//   info(): ModelInfo        tokenize(texts: string[], parseSpecial: boolean): Promise<Int32Array[]>
//   close(): Promise<void>   frees the weights once no scorer and no running job holds them; idempotent
class ModelWrap : public Napi::ObjectWrap<ModelWrap> {
public:
    static Napi::Function define(Napi::Env env);
    // loadModel(options, handle): Promise<Model>
    static Napi::Value load(const Napi::CallbackInfo & info);
    explicit ModelWrap(const Napi::CallbackInfo & info);

    // Throws a JS error with code INFORM_CLOSED after close().
    std::shared_ptr<const Model> model(Napi::Env env) const;

private:
    Napi::Value info(const Napi::CallbackInfo & info);
    Napi::Value tokenize(const Napi::CallbackInfo & info);
    Napi::Value close(const Napi::CallbackInfo & info);

    std::shared_ptr<const Model> model_;
};

}  // namespace inform::binding
