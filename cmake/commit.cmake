# SPDX-License-Identifier: Apache-2.0
# vireo_commit(target): vr_commit in the target, the commit that is built, "-dirty" with changes to it. Asked at
# every build, for nothing else knows what was edited; only where it is another is anything compiled.
function(vireo_commit target)
    set(output ${CMAKE_BINARY_DIR}/${target}_commit.c)
    add_custom_target(${target}_commit BYPRODUCTS ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DSOURCE=${CMAKE_SOURCE_DIR} -P
            ${CMAKE_SOURCE_DIR}/cmake/commit_text.cmake
        COMMENT "The commit that is built" VERBATIM)
    set_source_files_properties(${output} PROPERTIES GENERATED TRUE)
    target_sources(${target} PRIVATE ${output})
    add_dependencies(${target} ${target}_commit)
endfunction()
