# SPDX-License-Identifier: Apache-2.0
# What a build with VIREO_SANITIZE adds to tests that open a driver: suppressions, all of libraries that are
# not ours, and a program that shows that these hide nothing of ours.
set(VIREO_SANITIZED_SOURCES "")
set(VIREO_SANITIZER_ENVIRONMENT "")
set(VIREO_TEST_TIMEOUT 7200) # the full tier of the ops on slow cores, beside another test
if(VIREO_SANITIZE)
    set(VIREO_SANITIZED_SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/sanitize/keep_loaded.c)
    # Freed memory is kept for a while, to tell who still uses it; 32 MiB of it, for large buffers come and go.
    # intercept_tls_get_addr: up to gcc 13 LeakSanitizer takes a thread's block of variables of a library that was
    # loaded later for one of glibc before 2.25, where its address happens to look like it, and ends at exit in
    # "Tracer caught signal 11" (https://github.com/Mudlet/Mudlet/pull/9930). Drivers have such libraries and threads.
    set(VIREO_SANITIZER_ENVIRONMENT
        "ASAN_OPTIONS=quarantine_size_mb=32:intercept_tls_get_addr=0"
        "LSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/lsan.supp:print_suppressions=0"
        "TSAN_OPTIONS=suppressions=${CMAKE_CURRENT_SOURCE_DIR}/tsan.supp")
endif()

# vireo_seeded_fault(name expected): sanitize/NAME.c has a fault on purpose; its output must say so.
function(vireo_seeded_fault name expected)
    add_executable(${name} sanitize/${name}.c ${VIREO_SANITIZED_SOURCES})
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE CXX)
    target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/src)
    target_link_libraries(${name} PRIVATE vr_vk vr_base vireo_cmocka vireo_warnings)
    vireo_test_on_drivers(device ${name} $<TARGET_FILE:${name}>)
    foreach(driver lavapipe lavapipe25 swiftshader validation)
        set_tests_properties(device.${driver}.${name} PROPERTIES PASS_REGULAR_EXPRESSION "${expected}")
    endforeach()
endfunction()
