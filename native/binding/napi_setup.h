#pragma once

// node-addon-api, set up the same way in every file: C++ exceptions on, and an exception that cannot be thrown into an
// environment that is shutting down (a terminated worker thread) is dropped instead of aborting the process.
#define NAPI_CPP_EXCEPTIONS
#define NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS
#include <napi.h>
