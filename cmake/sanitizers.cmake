# SPDX-License-Identifier: Apache-2.0
if(VIREO_SANITIZE)
    add_compile_options(-fsanitize=${VIREO_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${VIREO_SANITIZE})
endif()
