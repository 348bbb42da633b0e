#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "binding/addon_data.h"
#include "binding/napi_setup.h"
#include "engine/runtime/turns.h"
#include "engine/scoring/scorer.h"

namespace inform::binding {

// JS: class Scorer, made by createScorer() only.
//   score(id: number, batch: NativeBatch): Promise<NativeEvaluation>
//                            jobs run one at a time, in the order of the calls; others wait in native code, so that the
//                            engine goes on without JavaScript. Where GPUs compute all layers, the head of one runs
//                            beside the next one's layers. One more than maxJobs throws INFORM_BUSY.
//   cancel(id: number): void ends that job with INFORM_ABORTED; does nothing where no job has that id
//   close(): Promise<void>   frees the context once the running jobs end; idempotent
class ScorerWrap : public Napi::ObjectWrap<ScorerWrap> {
public:
    static Napi::Function define(Napi::Env env);
    // createScorer(model, options, maxJobs): Promise<Scorer>
    static Napi::Value create(const Napi::CallbackInfo & info);
    explicit ScorerWrap(const Napi::CallbackInfo & info);

private:
    using Jobs = std::map<int64_t, CancelFlag>;

    Napi::Value score(const Napi::CallbackInfo & info);
    void cancel(const Napi::CallbackInfo & info);
    Napi::Value close(const Napi::CallbackInfo & info);

    std::shared_ptr<Scorer> scorer_;
    size_t max_jobs_ = 0;
    Turns turns_;
    // Shared with the jobs, which outlive this object when it is collected first.
    std::shared_ptr<Jobs> jobs_ = std::make_shared<Jobs>();
};

}  // namespace inform::binding
