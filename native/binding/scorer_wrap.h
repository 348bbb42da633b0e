#pragma once

#include <memory>

#include "binding/addon_data.h"
#include "binding/napi_setup.h"
#include "engine/scorer.h"

namespace inform::binding {

// JS: class Scorer, made by createScorer() only. One score() at a time: a second one throws INFORM_BUSY.
//   score(tokens: Int32Array, lengths: Int32Array): Promise<Float32Array>
//   cancel(): void           ends the running score() with INFORM_ABORTED; without one it does nothing
//   close(): Promise<void>   frees the context once the running job ends; idempotent
class ScorerWrap : public Napi::ObjectWrap<ScorerWrap> {
public:
    static Napi::Function define(Napi::Env env);
    // createScorer(model, options): Promise<Scorer>
    static Napi::Value create(const Napi::CallbackInfo & info);
    explicit ScorerWrap(const Napi::CallbackInfo & info);

private:
    Napi::Value score(const Napi::CallbackInfo & info);
    void cancel(const Napi::CallbackInfo & info);
    Napi::Value close(const Napi::CallbackInfo & info);

    std::shared_ptr<Scorer> scorer_;
    // Set while a job runs. Shared with the job, which outlives this object when that is collected first.
    std::shared_ptr<CancelFlag> job_ = std::make_shared<CancelFlag>();
};

}  // namespace inform::binding
