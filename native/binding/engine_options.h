#pragma once

#include "binding/napi_setup.h"
#include "engine/scoring/placement.h"
#include "engine/scoring/scorer.h"

namespace inform::binding {

// NativePlacement and NativeScorerOptions of src/addon/load-addon.ts.
Placement to_placement(const Napi::Value & value);
ScorerOptions to_scorer_options(const Napi::Value & value);

}  // namespace inform::binding
