#include "binding/scorer_wrap.h"

#include "binding/engine_options.h"
#include "binding/model_wrap.h"
#include "binding/promise_worker.h"

namespace inform::binding {

namespace {

using ScorerPointer = std::shared_ptr<Scorer>;

// One that runs, one that waits.
constexpr size_t max_jobs = 2;

std::vector<int32_t> to_vector(const Napi::Value & value) {
    const Napi::Int32Array array = value.As<Napi::Int32Array>();
    return std::vector<int32_t>(array.Data(), array.Data() + array.ElementLength());
}

}  // namespace

Napi::Function ScorerWrap::define(Napi::Env env) {
    return DefineClass(env, "Scorer",
                       {InstanceMethod<&ScorerWrap::score>("score"), InstanceMethod<&ScorerWrap::cancel>("cancel"),
                        InstanceMethod<&ScorerWrap::close>("close")});
}

ScorerWrap::ScorerWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<ScorerWrap>(info) {
    if (info.Length() != 1 || !info[0].IsExternal()) {
        throw to_js_error(info.Env(), ErrorCode::invalid_argument, "A Scorer is made by createScorer().");
    }
    scorer_ = *info[0].As<Napi::External<ScorerPointer>>().Data();
}

Napi::Value ScorerWrap::create(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    const auto model = ModelWrap::Unwrap(info[0].As<Napi::Object>())->model(env);
    const ScorerOptions options = to_scorer_options(info[1].As<Napi::Object>());

    return PromiseWorker<ScorerPointer>::start(
        env, [model, options]() { return std::make_shared<Scorer>(model, options); },
        [](Napi::Env env, ScorerPointer scorer) -> Napi::Value {
            return addon_data(env).scorer.New({Napi::External<ScorerPointer>::New(env, &scorer)});
        });
}

Napi::Value ScorerWrap::score(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    if (!scorer_) {
        throw to_js_error(env, ErrorCode::closed, "The scorer is closed.");
    }
    if (jobs_->size() >= max_jobs) {
        throw to_js_error(env, ErrorCode::busy, "The scorer is still evaluating other batches.");
    }
    const int64_t id = info[0].As<Napi::Number>().Int64Value();
    const Napi::Object given = info[1].As<Napi::Object>();
    SequenceBatch batch;
    batch.tokens = to_vector(given.Get("tokens"));
    batch.shared = to_vector(given.Get("shared"));
    batch.tails = to_vector(given.Get("tails"));
    batch.reuse = given.Get("reuse").As<Napi::Boolean>();

    const CancelFlag flag = std::make_shared<std::atomic<bool>>(false);
    (*jobs_)[id] = flag;
    addon_data(env).running.insert(flag);

    return PromiseWorker<Evaluation>::start(
        env,
        [scorer = scorer_, turn = turns_.take(), batch = std::move(batch), flag]() {
            turn->wait();
            return scorer->score(batch, *flag);
        },
        [](Napi::Env env, Evaluation evaluation) -> Napi::Value {
            Napi::Float32Array rewards = Napi::Float32Array::New(env, evaluation.rewards.size());
            std::copy(evaluation.rewards.begin(), evaluation.rewards.end(), rewards.Data());
            Napi::Object out = Napi::Object::New(env);
            out.Set("rewards", rewards);
            out.Set("computedTokens", static_cast<double>(evaluation.computed_tokens));
            out.Set("seconds", evaluation.seconds);
            return out;
        },
        [jobs = jobs_, id, flag](Napi::Env env) {
            jobs->erase(id);
            addon_data(env).running.erase(flag);
        });
}

void ScorerWrap::cancel(const Napi::CallbackInfo & info) {
    const auto job = jobs_->find(info[0].As<Napi::Number>().Int64Value());
    if (job != jobs_->end()) {
        *job->second = true;
    }
}

Napi::Value ScorerWrap::close(const Napi::CallbackInfo & info) {
    return release_on_worker(info.Env(), scorer_);
}

}  // namespace inform::binding
