#include "engine/scoring/hidden_state_tap.h"

#include <cstring>

namespace inform {

bool HiddenStateTap::callback(ggml_tensor * tensor, bool ask, void * user_data) {
    if (ask) {
        return std::strcmp(ggml_get_name(tensor), "result_norm") == 0;
    }
    auto * tap = static_cast<HiddenStateTap *>(user_data);
    if (tensor->type == GGML_TYPE_F32 && tensor->ne[0] == tap->n_embd_) {
        const size_t before = tap->rows_.size();
        tap->rows_.resize(before + ggml_nelements(tensor));
        ggml_backend_tensor_get(tensor, tap->rows_.data() + before, 0, ggml_nbytes(tensor));
    }
    return false;
}

}  // namespace inform
