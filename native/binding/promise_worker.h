#pragma once

#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "binding/addon_data.h"
#include "binding/napi_setup.h"
#include "engine/error.h"

namespace inform::binding {

// An Error with a `code` property, as src/addon/load-addon.ts expects it.
inline Napi::Error to_js_error(Napi::Env env, ErrorCode code, const std::string & message) {
    Napi::Error error = Napi::Error::New(env, message);
    error.Set("code", Napi::String::New(env, error_code_text(code)));
    return error;
}

// Runs `work` on a thread of libuv's pool and settles a promise with what `convert` makes of its result.
// `work` must hold all that it needs (shared_ptr, copies) and no JavaScript value; `convert` and `done` run on the JS
// thread, `done` first and whether it succeeded or not. While the work waits or runs, the environment's end sets
// `cancel`.
template <typename Result>
class PromiseWorker : public Napi::AsyncWorker {
public:
    using Work = std::function<Result()>;
    using Convert = std::function<Napi::Value(Napi::Env, Result)>;
    using Done = std::function<void()>;

    static Napi::Promise start(
        Napi::Env env, Work work, Convert convert, CancelFlag cancel = nullptr, Done done = [] {}) {
        auto * worker = new PromiseWorker(env, std::move(work), std::move(convert), std::move(cancel), std::move(done));
        worker->Queue();
        return worker->deferred_.Promise();
    }

private:
    PromiseWorker(Napi::Env env, Work work, Convert convert, CancelFlag cancel, Done done)
        : Napi::AsyncWorker(env),
          work_(std::move(work)),
          convert_(std::move(convert)),
          cancel_(std::move(cancel)),
          done_(std::move(done)),
          deferred_(Napi::Promise::Deferred::New(env)) {
        if (cancel_) {
            addon_data(env).running.insert(cancel_);
        }
    }

    void Execute() override {
        try {
            result_ = work_();
        } catch (const EngineError & error) {
            fail(error.code(), error.what());
        } catch (const std::bad_alloc &) {
            fail(ErrorCode::out_of_memory, "There is not enough memory.");
        } catch (const std::exception & error) {
            fail(ErrorCode::internal, error.what());
        }
        work_ = nullptr;  // lets go of the engine here: freeing gigabytes must not hold up the JS thread
    }

    void OnOK() override {
        finish();
        deferred_.Resolve(convert_(Env(), std::move(result_)));
    }

    void OnError(const Napi::Error & error) override {
        finish();
        deferred_.Reject(to_js_error(Env(), code_, error.Message()).Value());
    }

    void finish() {
        addon_data(Env()).running.erase(cancel_);
        done_();
    }

    void fail(ErrorCode code, const std::string & message) {
        code_ = code;
        SetError(message);
    }

    Work work_;
    Convert convert_;
    CancelFlag cancel_;
    Done done_;
    Napi::Promise::Deferred deferred_;
    Result result_{};
    ErrorCode code_ = ErrorCode::internal;
};

// The same for work without a result: a promise of undefined.
inline Napi::Promise run_on_worker(Napi::Env env, std::function<void()> work, CancelFlag cancel = nullptr) {
    return PromiseWorker<bool>::start(
        env,
        [work = std::move(work)]() {
            work();
            return true;
        },
        [](Napi::Env env, bool) -> Napi::Value { return env.Undefined(); }, std::move(cancel));
}

// Empties `pointer` and destroys what it pointed to on a worker thread, unless others hold it. A promise of undefined.
template <typename T>
Napi::Promise release_on_worker(Napi::Env env, std::shared_ptr<T> & pointer) {
    auto held = std::make_shared<std::shared_ptr<T>>(std::move(pointer));
    pointer.reset();
    return run_on_worker(env, [held]() { held->reset(); });
}

}  // namespace inform::binding
