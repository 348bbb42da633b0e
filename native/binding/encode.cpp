#include "binding/encode.h"

#include "binding/convert.h"
#include "binding/promise_worker.h"
#include "binding/task_handle_wrap.h"
#include "engine/convert/tensor_encoder.h"

namespace inform::binding {

namespace {

LowRank to_low_rank(const Napi::Value & value) {
    LowRank out;
    if (value.IsUndefined()) {
        return out;
    }
    const Properties added(value);
    out.source = added.text("source");
    out.a_offset = added.int64("aOffset");
    out.a_type = static_cast<ggml_type>(added.int64("aType"));
    out.b_offset = added.int64("bOffset");
    out.b_type = static_cast<ggml_type>(added.int64("bType"));
    out.rank = added.int64("rank");
    out.scale = added.float32("scale");
    return out;
}

EncodeJob to_job(const Napi::Value & value) {
    const Properties job(value);
    EncodeJob out;
    out.name = job.text("name");
    out.source = job.text("source");
    out.source_offset = job.int64("sourceOffset");
    out.source_type = static_cast<ggml_type>(job.int64("sourceType"));
    out.target = job.text("target");
    out.target_offset = job.int64("targetOffset");
    out.target_type = static_cast<ggml_type>(job.int64("targetType"));
    out.rows = job.int64("rows");
    out.columns = job.int64("columns");
    out.head_rows = job.int64("headRows");
    out.addend = job.float32("addend");
    out.low_rank = to_low_rank(job.get("lowRank"));
    return out;
}

}  // namespace

Napi::Value encode_tensors(const Napi::CallbackInfo & info) {
    const int threads = info[1].As<Napi::Number>();
    const auto * handle = TaskHandleWrap::Unwrap(info[2].As<Napi::Object>());

    return run_on_worker(
        info.Env(),
        [jobs = to_vector(info[0], to_job), threads, state = handle->state()]() {
            inform::encode_tensors(jobs, threads, *state);
        },
        handle->cancel_flag());
}

}  // namespace inform::binding
