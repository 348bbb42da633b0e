#pragma once

#include <functional>
#include <string>

#include "engine/error.h"

namespace inform::test {

// Runs a test and prints what became of it.
void test(const char * name, const std::function<void()> & body);

// Throws, which fails the running test, where the condition does not hold.
void expect(bool condition, const std::string & what);

// Throws where a number is off by more than it may be, or by no number. `what` says of what, and is called only then:
// it is made of many parts, and there are millions of numbers.
template <typename What>
void expect_within(double error, double bound, const What & what) {
    if (!(error <= bound)) {
        expect(false, what() + ": off by " + std::to_string(error) + " where " + std::to_string(bound) + " is allowed");
    }
}

// Runs what must throw an EngineError of this code.
void expect_code(ErrorCode code, const std::function<void()> & body);

// Prints how many tests passed and failed; the program's exit code.
int summary();

}  // namespace inform::test
