#include "binding/scorer_wrap.h"

#include "binding/convert.h"
#include "binding/engine_options.h"
#include "binding/model_wrap.h"
#include "binding/promise_worker.h"

namespace inform::binding {

namespace {

using ScorerPointer = std::shared_ptr<Scorer>;

}  // namespace

Napi::Function ScorerWrap::define(Napi::Env env) {
    return DefineClass(env, "Scorer",
                       {InstanceMethod<&ScorerWrap::score>("score"), InstanceMethod<&ScorerWrap::cancel>("cancel"),
                        InstanceMethod<&ScorerWrap::close>("close")});
}

ScorerWrap::ScorerWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<ScorerWrap>(info) {
    if (info.Length() != 2 || !info[0].IsExternal()) {
        throw to_js_error(info.Env(), ErrorCode::invalid_argument, "A Scorer is made by createScorer().");
    }
    scorer_ = *info[0].As<Napi::External<ScorerPointer>>().Data();
    max_jobs_ = info[1].As<Napi::Number>().Uint32Value();
}

Napi::Value ScorerWrap::create(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    const auto model = ModelWrap::Unwrap(info[0].As<Napi::Object>())->model(env);
    const ScorerOptions options = to_scorer_options(info[1]);
    const uint32_t max_jobs = info[2].As<Napi::Number>();

    return PromiseWorker<ScorerPointer>::start(
        env, [model, options]() { return std::make_shared<Scorer>(model, options); },
        [max_jobs](Napi::Env env, ScorerPointer scorer) -> Napi::Value {
            return addon_data(env).scorer.New(
                {Napi::External<ScorerPointer>::New(env, &scorer), Napi::Number::New(env, max_jobs)});
        });
}

Napi::Value ScorerWrap::score(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    if (!scorer_) {
        throw to_js_error(env, ErrorCode::closed, "The scorer is closed.");
    }
    if (jobs_->size() >= max_jobs_) {
        throw to_js_error(env, ErrorCode::busy, "The scorer is still evaluating other batches.");
    }
    const int64_t id = info[0].As<Napi::Number>().Int64Value();
    const Properties object(info[1]);
    SequenceBatch batch;
    batch.tokens = to_numbers<int32_t>(object.get("tokens"));
    batch.shared = to_numbers<int32_t>(object.get("shared"));
    batch.tails = to_numbers<int32_t>(object.get("tails"));
    batch.reuse = object.flag("reuse");

    const CancelFlag flag = std::make_shared<std::atomic<bool>>(false);
    (*jobs_)[id] = flag;

    return PromiseWorker<Evaluation>::start(
        env,
        [scorer = scorer_, turn = turns_.take(), batch = std::move(batch), flag]() {
            turn->wait();
            const States states = scorer->compute(batch, *flag);
            if (scorer->leaves_cores_free()) {
                turn->end();  // the next batch begins beside this one's head
            }
            return scorer->apply_head(states);
        },
        [](Napi::Env env, Evaluation evaluation) -> Napi::Value {
            Napi::Object out = Napi::Object::New(env);
            out.Set("rewards", to_typed_array(env, evaluation.rewards));
            out.Set("computedTokens", static_cast<double>(evaluation.computed_tokens));
            out.Set("seconds", evaluation.seconds);
            out.Set("headSeconds", evaluation.head_seconds);
            return out;
        },
        flag, [jobs = jobs_, id]() { jobs->erase(id); });
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
