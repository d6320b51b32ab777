# SPDX-License-Identifier: Apache-2.0
# VIREO_FUZZ: everything is instrumented for libFuzzer and watched by ASan and UBSan; asserts stay.
if(VIREO_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "VIREO_FUZZ needs clang: -DCMAKE_C_COMPILER=clang "
            "-DCMAKE_CXX_COMPILER=clang++")
    endif()
    if(NOT VIREO_SANITIZE)
        set(VIREO_SANITIZE address,undefined)
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
    add_link_options(-fsanitize=fuzzer-no-link)
    set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g")
endif()
if(VIREO_SANITIZE)
    if(NOT VIREO_FUZZ)
        add_compile_options(-O1) # at -O0 the ops' references, loops in double precision, take too long
    endif()
    add_compile_options(-fsanitize=${VIREO_SANITIZE} -fno-omit-frame-pointer
        -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${VIREO_SANITIZE})
endif()
