# SPDX-License-Identifier: Apache-2.0
# The libraries we do not write ourselves, all from Debian 12; packages.txt names the packages.
find_package(Threads REQUIRED)

function(vireo_library target header library package)
    find_path(${target}_INCLUDE ${header} REQUIRED)
    add_library(${target} INTERFACE)
    target_include_directories(${target} SYSTEM INTERFACE ${${target}_INCLUDE})
    if(library)
        find_library(${target}_LIBRARY ${library} REQUIRED)
        target_link_libraries(${target} INTERFACE ${${target}_LIBRARY})
    endif()
endfunction()
vireo_library(vireo_cjson cjson/cJSON.h cjson libcjson-dev)
vireo_library(vireo_sqlite sqlite3.h sqlite3 libsqlite3-dev)
vireo_library(vireo_utf8proc utf8proc.h utf8proc libutf8proc-dev)
vireo_library(vireo_gumbo gumbo.h gumbo libgumbo-dev)
vireo_library(vireo_xxhash xxhash.h "" libxxhash-dev) # used header-only
vireo_library(vireo_volk volk.h "" libvulkan-volk-dev) # src/vk/volk.c compiles it

find_package(glslang REQUIRED CONFIG)
add_library(vireo_glslang INTERFACE)
target_link_libraries(vireo_glslang INTERFACE glslang::glslang glslang::SPIRV
    glslang::glslang-default-resource-limits)
