#pragma once

#include <string>
#include <vector>

namespace inform {

// One line of llama.cpp's log. Levels are ggml's: 1 debug, 2 info, 3 warning, 4 error.
struct LogLine {
    int level;
    std::string text;
};

// Takes over llama.cpp's log for the whole process; nothing is printed from then on. Any thread.
void install_log_sink();

// Returns and forgets the lines kept so far: the newest 2,000, of every thread. Any thread.
std::vector<LogLine> drain_log();

// Remembers the last error lines that the constructing thread logs while it lives, so that a failure of llama.cpp,
// which reports little more than a null pointer, can say why.
class ErrorCapture {
public:
    ErrorCapture();
    ~ErrorCapture();
    ErrorCapture(const ErrorCapture &) = delete;
    ErrorCapture & operator=(const ErrorCapture &) = delete;

    // The lines, joined; "" where nothing was logged.
    std::string lines() const;

    // ": the lines, joined" or "" where nothing was logged.
    std::string reason() const;

private:
    friend struct LogSink;
    std::vector<std::string> lines_;
    ErrorCapture * outer_;
};

}  // namespace inform
