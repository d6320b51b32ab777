/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/op.h"

#define VR_OP(id, name) extern const vr_op vr_op_##name;
#include "ops/op_list.h"
#undef VR_OP

const vr_op *const vr_ops[VR_OP_COUNT] = {
#define VR_OP(id, name) [VR_OP_##id] = &vr_op_##name,
#include "ops/op_list.h"
#undef VR_OP
};
