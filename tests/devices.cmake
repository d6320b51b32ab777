# SPDX-License-Identifier: Apache-2.0
# The Vulkan drivers that tests run on, each named to the loader by its JSON file. A driver that is not
# there gives skipped tests that say so (with_driver.sh), never fewer tests.
file(GLOB lavapipe_json /usr/share/vulkan/icd.d/lvp_icd.${CMAKE_SYSTEM_PROCESSOR}.json
    /usr/share/vulkan/icd.d/lvp_icd.json)
if(NOT lavapipe_json)
    set(lavapipe_json /usr/share/vulkan/icd.d/lvp_icd.${CMAKE_SYSTEM_PROCESSOR}.json)
endif()
list(GET lavapipe_json 0 lavapipe_json)
if(DEFINED ENV{XDG_CACHE_HOME})
    set(user_cache $ENV{XDG_CACHE_HOME})
else()
    set(user_cache $ENV{HOME}/.cache)
endif()
set(VIREO_LAVAPIPE ${lavapipe_json} CACHE FILEPATH "Lavapipe's JSON file")
set(VIREO_LAVAPIPE25 ${user_cache}/vireo/drivers/lavapipe25/lvp_icd.json
    CACHE FILEPATH "JSON file of the lavapipe of Mesa 25")
set(VIREO_SWIFTSHADER ${user_cache}/vireo/drivers/swiftshader/vk_swiftshader_icd.json
    CACHE FILEPATH "SwiftShader's JSON file")

# name of the driver, its JSON file, further environment. validation: lavapipe under the layer.
set(VIREO_DRIVERS
    "lavapipe|${VIREO_LAVAPIPE}|"
    "lavapipe25|${VIREO_LAVAPIPE25}|VIREO_TEST_NOT_FAST=1"
    "swiftshader|${VIREO_SWIFTSHADER}|"
    "validation|${VIREO_LAVAPIPE}|VIREO_TEST_VALIDATION=1")

# Programs that compile most of all kernels, or run for long: not in the fast tier.
set(VIREO_LONG_TESTS test_alone test_determinism test_minilm_limits test_op_bits test_quantized
    test_row_bits test_same_order test_segments_time test_selftest test_selftest_lost test_tune
    test_tune_rounds test_tune_wrong test_whole_memory)

# Both variables: loaders before 1.3.207 know only the second.
function(vireo_driver_test test driver labels environment)
    list(FILTER VIREO_DRIVERS INCLUDE REGEX "^${driver}\\|")
    string(REGEX REPLACE "^[^|]*\\|([^|]*)\\|(.*)$" "VK_DRIVER_FILES=\\1;VK_ICD_FILENAMES=\\1;\\2"
        variables "${VIREO_DRIVERS}")
    add_test(NAME ${test} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/with_driver.sh ${ARGN})
    set_tests_properties(${test} PROPERTIES LABELS "${labels}" SKIP_RETURN_CODE 77
        TIMEOUT ${VIREO_TEST_TIMEOUT}
        ENVIRONMENT "VIREO_TEST_DRIVER=${driver};${variables};${environment};${VIREO_SANITIZER_ENVIRONMENT}")
endfunction()

# vireo_test_on_drivers(label name command...): label.driver.name for each driver. Programs that time
# something (..._time) run alone.
function(vireo_test_on_drivers label name)
    foreach(driver ${VIREO_DRIVERS})
        string(REGEX REPLACE "\\|.*" "" driver "${driver}")
        set(environment "")
        if(name IN_LIST VIREO_LONG_TESTS OR "${driver} ${name}" STREQUAL "validation test_ops")
            set(environment VIREO_TEST_NOT_FAST=1)
        endif()
        vireo_driver_test(${label}.${driver}.${name} ${driver} "${label};${driver}"
            "${environment}" ${ARGN})
        if(name MATCHES "_time$")
            set_tests_properties(${label}.${driver}.${name} PROPERTIES RUN_SERIAL ON)
        endif()
    endforeach()
    # One after the other: the driver's cache on disk then spares the second most of its compiling.
    set_tests_properties(${label}.validation.${name} PROPERTIES
        DEPENDS ${label}.lavapipe.${name})
endfunction()

function(vireo_test_on_lavapipe test label environment)
    vireo_driver_test(${test} lavapipe ${label} "${environment}" ${ARGN})
endfunction()
