#pragma once

#include "test/fixtures.h"

// The tests of each unit of the engine.
namespace inform::test {

void test_runtime(const Fixture & fixture);
void test_kernels();
void test_attention();
void test_turns();
void test_device_use();
void test_model(const Fixture & fixture);
void test_scorer(const Fixture & fixture);
void test_sharing(const Fixture & fixture);
void test_measure_compute(const Fixture & fixture);
void test_quantizer(const Fixture & fixture);

}  // namespace inform::test
