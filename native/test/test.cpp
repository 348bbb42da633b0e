#include "test/test.h"

#include <cstdio>
#include <stdexcept>

namespace inform::test {

namespace {

int passed = 0;
int failed = 0;

}  // namespace

void test(const char * name, const std::function<void()> & body) {
    try {
        body();
        passed++;
        std::printf("ok      %s\n", name);
    } catch (const std::exception & error) {
        failed++;
        std::printf("FAILED  %s: %s\n", name, error.what());
    }
    std::fflush(stdout);  // some take a minute in an emulator
}

void expect(bool condition, const std::string & what) {
    if (!condition) {
        throw std::runtime_error("expected: " + what);
    }
}

void expect_code(ErrorCode code, const std::function<void()> & body) {
    try {
        body();
    } catch (const EngineError & error) {
        expect(error.code() == code,
               std::string(error_code_text(code)) + ", not " + error_code_text(error.code()) + ": " + error.what());
        return;
    }
    throw std::runtime_error(std::string("expected an error: ") + error_code_text(code));
}

int summary() {
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed == 0 ? 0 : 1;
}

}  // namespace inform::test
