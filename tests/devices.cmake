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
set(VIREO_SWIFTSHADER ${user_cache}/vireo/drivers/swiftshader/vk_swiftshader_icd.json
    CACHE FILEPATH "SwiftShader's JSON file")

# Both variables: loaders before 1.3.207 know only the second.
function(vireo_driver_test test labels json environment)
    add_test(NAME ${test} COMMAND sh ${CMAKE_CURRENT_SOURCE_DIR}/with_driver.sh ${ARGN})
    set_tests_properties(${test} PROPERTIES LABELS "${labels}" SKIP_RETURN_CODE 77 TIMEOUT 600
        ENVIRONMENT "VK_DRIVER_FILES=${json};VK_ICD_FILENAMES=${json};${environment}")
endfunction()

# vireo_test_on_drivers(label name command...): label.driver.name for each driver, and once more on
# lavapipe under the validation layer. Programs that time something (..._time) run alone.
function(vireo_test_on_drivers label name)
    vireo_driver_test(${label}.lavapipe.${name} "${label};lavapipe" ${VIREO_LAVAPIPE} "" ${ARGN})
    vireo_driver_test(${label}.swiftshader.${name} "${label};swiftshader" ${VIREO_SWIFTSHADER} ""
        ${ARGN})
    vireo_driver_test(${label}.validation.${name} "${label};validation" ${VIREO_LAVAPIPE}
        VIREO_TEST_VALIDATION=1 ${ARGN})
    # One after the other: the driver's cache on disk then spares the second most of its compiling.
    set_tests_properties(${label}.validation.${name} PROPERTIES
        DEPENDS ${label}.lavapipe.${name})
    if(name MATCHES "_time$")
        set_tests_properties(${label}.lavapipe.${name} ${label}.swiftshader.${name}
            ${label}.validation.${name} PROPERTIES RUN_SERIAL ON)
    endif()
endfunction()

function(vireo_test_on_lavapipe test label environment)
    vireo_driver_test(${test} ${label} ${VIREO_LAVAPIPE} "${environment}" ${ARGN})
endfunction()
