#include "binding/model_wrap.h"

#include "binding/addon_data.h"
#include "binding/engine_options.h"
#include "binding/task_ticket_wrap.h"
#include "binding/promise_worker.h"
#include "engine/runtime.h"

namespace inform::binding {

namespace {

using ModelPointer = std::shared_ptr<const Model>;

}  // namespace

Napi::Function ModelWrap::define(Napi::Env env) {
    return DefineClass(env, "Model",
                       {InstanceMethod<&ModelWrap::info>("info"), InstanceMethod<&ModelWrap::tokenize>("tokenize"),
                        InstanceMethod<&ModelWrap::close>("close")});
}

ModelWrap::ModelWrap(const Napi::CallbackInfo & info) : Napi::ObjectWrap<ModelWrap>(info) {
    if (info.Length() != 1 || !info[0].IsExternal()) {
        throw to_js_error(info.Env(), ErrorCode::invalid_argument, "A Model is made by loadModel().");
    }
    model_ = *info[0].As<Napi::External<ModelPointer>>().Data();
}

Napi::Value ModelWrap::load(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    const Napi::Object options = info[0].As<Napi::Object>();
    ModelOptions model_options;
    model_options.path = options.Get("path").As<Napi::String>();
    model_options.head_path = options.Get("headPath").As<Napi::String>();
    model_options.placement = to_placement(options.Get("placement").As<Napi::Object>());
    const std::string backend_dir = options.Get("backendDir").As<Napi::String>();
    const auto state = TaskTicketWrap::Unwrap(info[1].As<Napi::Object>())->state();

    // The environment's end must stop a load as it stops a scoring: both are flags.
    const CancelFlag flag(state, &state->cancelled);
    addon_data(env).running.insert(flag);

    return PromiseWorker<ModelPointer>::start(
        env,
        [model_options, backend_dir, state]() -> ModelPointer {
            start_runtime(backend_dir);
            return std::make_shared<const Model>(model_options, *state);
        },
        [](Napi::Env env, ModelPointer model) -> Napi::Value {
            return addon_data(env).model.New({Napi::External<ModelPointer>::New(env, &model)});
        },
        [flag](Napi::Env env) { addon_data(env).running.erase(flag); });
}

ModelPointer ModelWrap::model(Napi::Env env) const {
    if (!model_) {
        throw to_js_error(env, ErrorCode::closed, "The model is closed.");
    }
    return model_;
}

Napi::Value ModelWrap::info(const Napi::CallbackInfo & info) {
    const Napi::Env env = info.Env();
    const ModelPointer model = this->model(env);
    const std::vector<std::string> special = model->special_texts();
    Napi::Array special_texts = Napi::Array::New(env, special.size());
    for (size_t i = 0; i < special.size(); i++) {
        special_texts.Set(static_cast<uint32_t>(i), special[i]);
    }
    Napi::Object out = Napi::Object::New(env);
    out.Set("description", model->description());
    out.Set("sizeBytes", static_cast<double>(model->size()));
    out.Set("parameters", static_cast<double>(model->n_params()));
    out.Set("vocabularySize", model->n_vocab());
    out.Set("hiddenSize", model->n_embd());
    out.Set("headHiddenSize", static_cast<double>(model->head()->n_hidden()));
    out.Set("trainedContext", model->n_ctx_train());
    out.Set("chatTemplate", model->chat_template());
    out.Set("bosToken", model->bos_text());
    out.Set("eosToken", model->eos_text());
    out.Set("specialTokens", special_texts);
    return out;
}

Napi::Value ModelWrap::tokenize(const Napi::CallbackInfo & info) {
    using Tokens = std::vector<std::vector<int32_t>>;
    const Napi::Env env = info.Env();
    const ModelPointer model = this->model(env);
    const Napi::Array array = info[0].As<Napi::Array>();
    const bool parse_special = info[1].As<Napi::Boolean>();
    std::vector<std::string> texts;
    texts.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); i++) {
        texts.push_back(array.Get(i).As<Napi::String>());
    }

    return PromiseWorker<Tokens>::start(
        env,
        [model, texts = std::move(texts), parse_special]() {
            Tokens tokens;
            tokens.reserve(texts.size());
            for (const std::string & text : texts) {
                tokens.push_back(model->tokenize(text, parse_special));
            }
            return tokens;
        },
        [](Napi::Env env, Tokens tokens) -> Napi::Value {
            Napi::Array out = Napi::Array::New(env, tokens.size());
            for (size_t i = 0; i < tokens.size(); i++) {
                Napi::Int32Array ids = Napi::Int32Array::New(env, tokens[i].size());
                std::copy(tokens[i].begin(), tokens[i].end(), ids.Data());
                out.Set(static_cast<uint32_t>(i), ids);
            }
            return out;
        });
}

Napi::Value ModelWrap::close(const Napi::CallbackInfo & info) {
    return release_on_worker(info.Env(), model_);
}

}  // namespace inform::binding
