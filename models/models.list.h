/* SPDX-License-Identifier: Apache-2.0
 * VIREO_MODEL(name): models/<name>.c defines vireo_architecture_<name>; alphabetical. */
VIREO_MODEL(bert)
