/* SPDX-License-Identifier: Apache-2.0
 * VR_OP(id, name): <name>.c defines `const vr_op vr_op_<name>`. No include guard: read several times. */
VR_OP(MATMUL, matmul)
VR_OP(ATTENTION, attention)
VR_OP(NORM, norm)
VR_OP(EMBEDDING, embedding)
VR_OP(UNARY, unary)
VR_OP(BINARY, binary)
VR_OP(POOL, pool)
VR_OP(TOP_K, top_k)
VR_OP(RESHAPE, reshape)
VR_OP(SLICE, slice)
VR_OP(TRANSPOSE, transpose)
VR_OP(CONCAT, concat)
