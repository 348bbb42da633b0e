#pragma once

#include <functional>
#include <string>

#include "engine/error.h"

namespace inform::test {

// Runs a test and prints what became of it.
void test(const char * name, const std::function<void()> & body);

// Throws, which fails the running test, where the condition does not hold.
void expect(bool condition, const std::string & what);

// Runs what must throw an EngineError of this code.
void expect_code(ErrorCode code, const std::function<void()> & body);

// Prints how many tests passed and failed; the program's exit code.
int summary();

}  // namespace inform::test
