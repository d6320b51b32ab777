# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C source with vr_commit: what git says of the tree SOURCE, "unknown" if it is no checkout of
# its own (a repository that merely contains it does not count). Of the same text it leaves the file alone.
set(commit "")
if(EXISTS ${SOURCE}/.git)
    execute_process(COMMAND ${CMAKE_COMMAND} -E env GIT_OPTIONAL_LOCKS=0
        git describe --always --dirty WORKING_DIRECTORY ${SOURCE}
        OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
endif()
if(commit STREQUAL "")
    set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT [[
/* Made by cmake/commit_text.cmake. */
extern const char vr_commit[];
const char vr_commit[] = "@commit@";
]] @ONLY)
