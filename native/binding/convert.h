#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "binding/napi_setup.h"

// Arrays and objects between JavaScript and C++. Only src/ calls the addon, with the types that it declares, so nothing
// is checked here.
namespace inform::binding {

// What `convert(Napi::Value)` makes of each element.
template <typename Convert>
auto to_vector(const Napi::Value & value, Convert convert) {
    const Napi::Array array = value.As<Napi::Array>();
    std::vector<std::decay_t<decltype(convert(value))>> out;
    out.reserve(array.Length());
    for (uint32_t i = 0; i < array.Length(); i++) {
        out.push_back(convert(array.Get(i)));
    }
    return out;
}

inline std::vector<std::string> to_strings(const Napi::Value & value) {
    return to_vector(value, [](const Napi::Value & text) { return text.As<Napi::String>().Utf8Value(); });
}

// The numbers of a typed array.
template <typename T>
std::vector<T> to_numbers(const Napi::Value & value) {
    const Napi::TypedArrayOf<T> array = value.As<Napi::TypedArrayOf<T>>();
    return std::vector<T>(array.Data(), array.Data() + array.ElementLength());
}

// An array of what `convert(value)` makes of each value.
template <typename T, typename Convert>
Napi::Array to_array(Napi::Env env, const std::vector<T> & values, Convert convert) {
    Napi::Array out = Napi::Array::New(env, values.size());
    for (size_t i = 0; i < values.size(); i++) {
        out.Set(static_cast<uint32_t>(i), convert(values[i]));
    }
    return out;
}

inline Napi::Array to_string_array(Napi::Env env, const std::vector<std::string> & texts) {
    return to_array(env, texts, [env](const std::string & text) { return Napi::String::New(env, text); });
}

template <typename T>
Napi::TypedArrayOf<T> to_typed_array(Napi::Env env, const std::vector<T> & values) {
    Napi::TypedArrayOf<T> out = Napi::TypedArrayOf<T>::New(env, values.size());
    std::copy(values.begin(), values.end(), out.Data());
    return out;
}

// An object whose properties are read by name.
class Properties {
public:
    explicit Properties(const Napi::Value & value) : object_(value.As<Napi::Object>()) {}

    Napi::Value get(const char * key) const { return object_.Get(key); }
    std::string text(const char * key) const { return get(key).As<Napi::String>(); }
    bool flag(const char * key) const { return get(key).As<Napi::Boolean>(); }
    int32_t int32(const char * key) const { return get(key).As<Napi::Number>().Int32Value(); }
    float float32(const char * key) const { return get(key).As<Napi::Number>().FloatValue(); }
    int64_t int64(const char * key) const { return get(key).As<Napi::Number>().Int64Value(); }

private:
    Napi::Object object_;
};

}  // namespace inform::binding
