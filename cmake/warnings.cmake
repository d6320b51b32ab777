# SPDX-License-Identifier: Apache-2.0
add_library(vireo_warnings INTERFACE)
target_compile_options(vireo_warnings INTERFACE -Wall -Wextra -Wpedantic -Wconversion -Wshadow
    -Wstrict-prototypes -Wmissing-prototypes -Wvla $<$<BOOL:${VIREO_WERROR}>:-Werror>)
target_compile_definitions(vireo_warnings INTERFACE _POSIX_C_SOURCE=200809L _DEFAULT_SOURCE)

# vireo_layer(NAME [FOLDER folder] LAYERS ... LIBRARIES ...): src/NAME/*.c as the library vr_NAME.
function(vireo_layer name)
    cmake_parse_arguments(ARG "" "FOLDER" "LAYERS;LIBRARIES" ${ARGN})
    if(NOT ARG_FOLDER)
        set(ARG_FOLDER src/${name})
    endif()
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${ARG_FOLDER}/*.c)
    if(sources)
        add_library(vr_${name} STATIC ${sources})
        target_include_directories(vr_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE
            ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
        target_link_libraries(vr_${name} PRIVATE vireo_warnings)
        set(scope PUBLIC)
    else()
        add_library(vr_${name} INTERFACE) # nothing to build in this layer yet
        set(scope INTERFACE)
    endif()
    list(TRANSFORM ARG_LAYERS PREPEND vr_)
    target_link_libraries(vr_${name} ${scope} ${ARG_LAYERS} ${ARG_LIBRARIES})
endfunction()
