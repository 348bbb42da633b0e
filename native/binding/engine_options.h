#pragma once

#include "binding/napi_setup.h"
#include "engine/placement.h"
#include "engine/scorer.h"

namespace inform::binding {

// NativePlacement and NativeScorerOptions of src/addon/load-addon.ts.
Placement to_placement(const Napi::Object & object);
ScorerOptions to_scorer_options(const Napi::Object & object);

}  // namespace inform::binding
