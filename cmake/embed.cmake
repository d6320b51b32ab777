# SPDX-License-Identifier: Apache-2.0
# vireo_embed(target folder): a library holding every shader text under folder, looked up by name
# through src/run/shader_text.h.
function(vireo_embed target folder)
    file(GLOB texts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${folder}/*.comp
        ${CMAKE_SOURCE_DIR}/${folder}/*.h ${CMAKE_SOURCE_DIR}/${folder}/include/*.glsl)
    set(output ${CMAKE_BINARY_DIR}/${target}.c)
    string(REPLACE ";" "," joined "${texts}")
    add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DTEXTS=${joined} -P
            ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
        DEPENDS ${texts} ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake VERBATIM)
    add_library(${target} STATIC ${output})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src)
endfunction()
