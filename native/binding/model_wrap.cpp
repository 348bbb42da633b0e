#include "binding/model_wrap.h"

#include "binding/addon_data.h"
#include "binding/convert.h"
#include "binding/engine_options.h"
#include "binding/promise_worker.h"
#include "binding/task_handle_wrap.h"
#include "engine/runtime/runtime.h"

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
    const Properties object(info[0]);
    ModelOptions options;
    options.path = object.text("path");
    options.head_path = object.text("headPath");
    options.pre = object.text("pre");
    options.placement = to_placement(object.get("placement"));
    const auto * handle = TaskHandleWrap::Unwrap(info[1].As<Napi::Object>());

    return PromiseWorker<ModelPointer>::start(
        env,
        [options, backend_dir = object.text("backendDir"), state = handle->state()]() -> ModelPointer {
            start_runtime(backend_dir);
            return std::make_shared<const Model>(options, *state);
        },
        [](Napi::Env env, ModelPointer model) -> Napi::Value {
            return addon_data(env).model.New({Napi::External<ModelPointer>::New(env, &model)});
        },
        handle->cancel_flag());
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
    Napi::Object out = Napi::Object::New(env);
    out.Set("description", model->description());
    out.Set("sizeBytes", static_cast<double>(model->size()));
    out.Set("parameters", static_cast<double>(model->n_params()));
    out.Set("vocabularySize", model->n_vocab());
    out.Set("hiddenSize", model->n_embd());
    out.Set("headHiddenSize", static_cast<double>(model->head()->n_hidden()));
    out.Set("trainedContext", model->n_ctx_train());
    out.Set("chatTemplate", model->chat_template());
    out.Set("specialTokens", to_string_array(env, model->special_texts()));
    return out;
}

Napi::Value ModelWrap::tokenize(const Napi::CallbackInfo & info) {
    using Tokens = std::vector<std::vector<int32_t>>;
    const Napi::Env env = info.Env();
    const ModelPointer model = this->model(env);
    const bool parse_special = info[1].As<Napi::Boolean>();

    return PromiseWorker<Tokens>::start(
        env,
        [model, texts = to_strings(info[0]), parse_special]() {
            Tokens tokens;
            tokens.reserve(texts.size());
            for (const std::string & text : texts) {
                tokens.push_back(model->tokenize(text, parse_special));
            }
            return tokens;
        },
        [](Napi::Env env, Tokens tokens) -> Napi::Value {
            return to_array(env, tokens, [env](const std::vector<int32_t> & ids) { return to_typed_array(env, ids); });
        });
}

Napi::Value ModelWrap::close(const Napi::CallbackInfo & info) {
    return release_on_worker(info.Env(), model_);
}

}  // namespace inform::binding
