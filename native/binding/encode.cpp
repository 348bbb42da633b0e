#include "binding/encode.h"

#include "binding/addon_data.h"
#include "binding/promise_worker.h"
#include "binding/task_ticket_wrap.h"
#include "engine/tensor_encoder.h"

namespace inform::binding {

namespace {

EncodeJob to_job(const Napi::Object & job) {
    const auto number = [&job](const char * key) { return job.Get(key).As<Napi::Number>().Int64Value(); };
    const auto text = [&job](const char * key) -> std::string { return job.Get(key).As<Napi::String>(); };
    EncodeJob out;
    out.name = text("name");
    out.source = text("source");
    out.source_offset = number("sourceOffset");
    out.source_type = static_cast<ggml_type>(number("sourceType"));
    out.target = text("target");
    out.target_offset = number("targetOffset");
    out.target_type = static_cast<ggml_type>(number("targetType"));
    out.rows = number("rows");
    out.columns = number("columns");
    out.head_rows = number("headRows");
    return out;
}

}  // namespace

Napi::Value encode_tensors(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    const Napi::Array array = info[0].As<Napi::Array>();
    std::vector<EncodeJob> jobs;
    jobs.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); i++) {
        jobs.push_back(to_job(array.Get(i).As<Napi::Object>()));
    }
    const int threads = info[1].As<Napi::Number>();
    const auto state = TaskTicketWrap::Unwrap(info[2].As<Napi::Object>())->state();

    const CancelFlag flag(state, &state->cancelled);
    addon_data(env).running.insert(flag);

    return PromiseWorker<bool>::start(
        env,
        [jobs = std::move(jobs), threads, state]() {
            inform::encode_tensors(jobs, threads, *state);
            return true;
        },
        [](Napi::Env env, bool) -> Napi::Value { return env.Undefined(); },
        [flag](Napi::Env env) { addon_data(env).running.erase(flag); });
}

}  // namespace inform::binding
