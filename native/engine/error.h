#pragma once

#include <stdexcept>
#include <string>

namespace inform {

enum class ErrorCode {
#define X(name, text) name,
#include "error_codes.def"
#undef X
};

inline const char * error_code_text(ErrorCode code) {
    switch (code) {
#define X(name, text) \
    case ErrorCode::name: return text;
#include "error_codes.def"
#undef X
    }
    return "INFORM_INTERNAL";
}

// The one exception that leaves the engine: a code for programs, a sentence for people.
class EngineError : public std::runtime_error {
public:
    EngineError(ErrorCode code, const std::string & message) : std::runtime_error(message), code_(code) {}

    ErrorCode code() const { return code_; }

private:
    ErrorCode code_;
};

}  // namespace inform
