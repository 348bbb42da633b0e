// Clang calls this since release 19 at the end of a loop with a dynamic schedule. In LLVM's runtime it does nothing, and releases before
// that, one of which is shipped because it runs on old C libraries, do not have it.
__attribute__((visibility("hidden"))) void __kmpc_dispatch_deinit(void *location, int thread) {
  (void)location;
  (void)thread;
}
