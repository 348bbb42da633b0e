#include "engine/runtime/log.h"

#include <deque>
#include <mutex>
#include <utility>

#include "llama.h"

namespace inform {

namespace {

constexpr size_t max_lines = 2000;
constexpr size_t max_captured = 4;

std::mutex mutex;
std::deque<LogLine> lines;

thread_local ErrorCapture * capture = nullptr;
// llama.cpp writes some lines in pieces; a piece belongs to the line its own thread began.
thread_local std::string pending;
thread_local int pending_level = GGML_LOG_LEVEL_INFO;

}  // namespace

struct LogSink {
    static void write(ggml_log_level level, const char * text, void *) {
        if (level != GGML_LOG_LEVEL_CONT && level != pending_level) {
            // An error may come before the line that it interrupts has ended.
            if (!pending.empty()) {
                keep(std::move(pending));
                pending.clear();
            }
            pending_level = level;
        }
        pending += text;
        size_t end;
        while ((end = pending.find('\n')) != std::string::npos) {
            keep(pending.substr(0, end));
            pending.erase(0, end + 1);
        }
    }

    static void keep(std::string line) {
        if (line.find_first_not_of(". ") == std::string::npos) {
            return;  // the dots of the loader's progress
        }
        if (capture && pending_level == GGML_LOG_LEVEL_ERROR) {
            auto & captured = capture->lines_;
            if (captured.size() == max_captured) {
                captured.erase(captured.begin());
            }
            captured.push_back(line);
        }
        std::lock_guard<std::mutex> lock(mutex);
        if (lines.size() == max_lines) {
            lines.pop_front();
        }
        lines.push_back({pending_level, std::move(line)});
    }
};

void install_log_sink() {
    llama_log_set(LogSink::write, nullptr);
}

std::vector<LogLine> drain_log() {
    std::lock_guard<std::mutex> lock(mutex);
    std::vector<LogLine> drained(lines.begin(), lines.end());
    lines.clear();
    return drained;
}

ErrorCapture::ErrorCapture() : outer_(capture) {
    capture = this;
}

ErrorCapture::~ErrorCapture() {
    capture = outer_;
}

std::string ErrorCapture::lines() const {
    std::string joined;
    for (const std::string & line : lines_) {
        joined += (joined.empty() ? "" : "; ") + line;
    }
    return joined;
}

std::string ErrorCapture::reason() const {
    return lines_.empty() ? "" : ": " + lines();
}

}  // namespace inform
