/* SPDX-License-Identifier: Apache-2.0
 *
 * Vireo: Vulkan Inference for REcommendatiOn. This header is enough to run any model:
 * status and error, devices, tensors, model sources, models, sessions.
 *
 * Conventions for every public header:
 *  - a function that can fail returns a vireo_status; details go into the caller's vireo_error,
 *    which may be NULL. Out-parameters are written only on success.
 *  - every destroy takes the address of a pointer, accepts NULL (either level), and nulls it.
 *  - options structs start with struct_size (use VIREO_OPTIONS); zero means the default. NULL options
 *    mean all defaults. Fields are only ever appended.
 *  - strings are UTF-8 and NUL-terminated unless a length stands beside them.
 *  - the library reads no environment variable, prints nothing and never exits.
 * Thread-safety: a device may be used from any thread; a model is immutable once loaded; a session
 * serves one thread at a time; free functions are thread-safe. */
#ifndef VIREO_VIREO_H
#define VIREO_VIREO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VIREO_VERSION "0.1.0"
const char *vireo_version(void); /* static string, e.g. "0.1.0" */

/* ---- Status and error ---------------------------------------------------------------------- */

#define VIREO_STATUS_LIST(X)                                                                       \
    X(OK, "ok")                                                                                    \
    X(ERROR_INVALID_ARGUMENT, "invalid argument")                                                  \
    X(ERROR_OUT_OF_MEMORY, "out of memory")                                                        \
    X(ERROR_IO, "input/output error")                                                              \
    X(ERROR_FORMAT, "malformed file")                                                              \
    X(ERROR_UNSUPPORTED, "not supported")                                                          \
    X(ERROR_NOT_FOUND, "not found")                                                                \
    X(ERROR_LIMIT, "limit exceeded")                                                               \
    X(ERROR_NO_DEVICE, "no usable device")                                                         \
    X(ERROR_DEVICE, "device error")                                                                \
    X(ERROR_DEVICE_LOST, "device lost")                                                            \
    X(ERROR_SHADER, "shader does not compile")                                                     \
    X(ERROR_CANCELLED, "cancelled")
typedef enum vireo_status {
#define VIREO_STATUS_ENUM(name, text) VIREO_##name,
    VIREO_STATUS_LIST(VIREO_STATUS_ENUM)
#undef VIREO_STATUS_ENUM
} vireo_status;
const char *vireo_status_text(vireo_status); /* static string */

/* The caller's, optional; layout frozen. reason: a format's own reason code (see src/io), 0 if none.
 * offset: byte offset of the fault in the file named by the message, where there is one. */
typedef struct vireo_error {
    vireo_status status;
    uint32_t reason;
    uint64_t offset;
    char message[1024];
} vireo_error;

/* ---- Memory and logging -------------------------------------------------------------------- */

/* One hook per device, inherited by all it makes. All three are set or the whole is NULL (malloc).
 * Results are aligned for any type; called from any thread. */
typedef struct vireo_allocator {
    void *(*allocate)(void *user, size_t bytes);
    void *(*reallocate)(void *user, void *old, size_t bytes);
    void (*release)(void *user, void *old);
    void *user;
} vireo_allocator;

typedef enum vireo_log_level {
    VIREO_LOG_ERROR,
    VIREO_LOG_WARN,
    VIREO_LOG_INFO,
    VIREO_LOG_DEBUG,
} vireo_log_level;
/* message: one line without newline, valid during the call. May be called from any thread. */
typedef void (*vireo_log_fn)(void *user, vireo_log_level level, const char *message);

/* Long work reports done of total units of `what`; a non-zero return cancels it
 * (VIREO_ERROR_CANCELLED). Called on the thread that called the library. what: one of a few words, each
 * documented where the function is given; some name what is at work behind ": ", for people
 * ("compile: matmul/texel, softmax/rows"). Valid during the call. */
typedef int (*vireo_progress_fn)(void *user, const char *what, uint64_t done, uint64_t total);

/* ---- Tensors ------------------------------------------------------------------------------- */

#define VIREO_MAX_RANK 4
/* Name, text, elements of a block, bytes of a block. Weights may be bf16 (the upper half of an f32) or
 * in blocks of ggml's layout, which run along the last dimension: q8_0 is an f16 scale and 32 int8,
 * q4_0 an f16 scale and 32 nibbles, offset by 8, byte i holding elements i (low) and i + 16. */
#define VIREO_DTYPE_LIST(X)                                                                        \
    X(F32, "f32", 1, 4)                                                                            \
    X(F16, "f16", 1, 2)                                                                            \
    X(I32, "i32", 1, 4)                                                                            \
    X(BF16, "bf16", 1, 2)                                                                          \
    X(Q8_0, "q8_0", 32, 34)                                                                        \
    X(Q4_0, "q4_0", 32, 18)
typedef enum vireo_dtype {
#define VIREO_DTYPE_ENUM(name, text, elements, bytes) VIREO_##name,
    VIREO_DTYPE_LIST(VIREO_DTYPE_ENUM)
#undef VIREO_DTYPE_ENUM
} vireo_dtype;
const char *vireo_dtype_name(vireo_dtype);
size_t vireo_dtype_bytes(vireo_dtype); /* of an element; 0 for blocks */
size_t vireo_dtype_block(vireo_dtype); /* elements of a block; 1 for the others */
/* Bytes of n elements of one row. 0 if n is not a multiple of the block, or the bytes do not fit. */
size_t vireo_dtype_row_bytes(vireo_dtype, int64_t n);

/* Dense row-major host data, last dimension contiguous, no padding. data is borrowed and holds
 * `bytes` bytes; as an output the call writes shape and data, and fails if bytes is too small. */
typedef struct vireo_tensor {
    vireo_dtype dtype;
    uint32_t rank;
    int64_t shape[VIREO_MAX_RANK];
    void *data;
    size_t bytes;
} vireo_tensor;

/* ---- Devices ------------------------------------------------------------------------------- */

typedef struct vireo_device vireo_device;

typedef enum vireo_device_type {
    VIREO_DEVICE_DISCRETE,
    VIREO_DEVICE_INTEGRATED,
    VIREO_DEVICE_VIRTUAL,
    VIREO_DEVICE_CPU,
    VIREO_DEVICE_OTHER,
} vireo_device_type;

typedef struct vireo_device_info {
    uint32_t index;                /* order of preference: discrete, integrated, virtual, CPU */
    vireo_device_type type;
    char name[256], driver[256], driver_info[256];
    char uuid[37];                 /* 8-4-4-4-12 hexadecimal digits */
    uint32_t api_version, driver_version; /* as Vulkan packs them */
    uint32_t vendor_id, device_id;
    uint64_t memory_bytes;         /* largest device-local heap */
    uint64_t max_allocation_bytes, max_storage_binding_bytes;
    uint32_t max_texel_elements, texel_offset_alignment;
    uint32_t max_storage_bindings; /* storage buffers a shader may use */
    uint32_t dispatch_us;          /* what would take longer at once is cut, where it can be; 0: nothing */
    uint32_t max_loop_iterations;  /* of all loops of an invocation together; UINT32_MAX: no limit */
    bool costly_texel_fetch;       /* many fetches in a kernel take seconds to compile, and run slowly */
    uint32_t max_workgroup_invocations, max_shared_bytes, max_push_bytes, subgroup_size;
    bool subgroup_arithmetic, subgroup_ballot, subgroup_shuffle, storage_16bit, float16;
    bool int8_dot;                 /* VK_KHR_shader_integer_dot_product: four products of bytes at once */
    char tier[32];                 /* "baseline" or what stands above it, e.g. "baseline+subgroup" */
    bool usable;
    char why_not[256];             /* empty if usable */
} vireo_device_info;

typedef struct vireo_device_options {
    size_t struct_size;
    const char *select;    /* index, part of the name (any case), or UUID; NULL: the most capable */
    const char *cache_dir; /* SPIR-V and pipeline data are kept here; NULL: nothing is kept */
    vireo_log_fn log;
    void *log_user;
    vireo_log_level log_level;
    const vireo_allocator *allocator; /* copied */
    bool validation;       /* Khronos validation layer, core and synchronisation; messages are logged
                              as errors and counted (inspect.h); fails if the layer is missing */
} vireo_device_options;

#define VIREO_OPTIONS(type) ((type){.struct_size = sizeof(type)})

/* Every device the Vulkan loader finds, usable or not. *out (may be NULL if none) is freed with
 * vireo_device_list_free. No loader or no driver: VIREO_ERROR_NO_DEVICE, and the message says what
 * was looked for and what to install. */
vireo_status vireo_device_list(const vireo_device_options *, vireo_device_info **out, size_t *count,
                               vireo_error *);
void vireo_device_list_free(vireo_device_info **);

vireo_status vireo_device_create(const vireo_device_options *, vireo_device **out, vireo_error *);
const vireo_device_info *vireo_device_get_info(const vireo_device *); /* borrowed */
void vireo_device_destroy(vireo_device **); /* after everything made from it */

/* ---- Model sources ------------------------------------------------------------------------- */

/* A model file or folder, read-only: hyper-parameters and tensors by name, whatever the format.
 * Today: a Hugging Face folder (config.json, model.safetensors or model.safetensors.index.json).
 * Tensor data stays in the files, which are held open. Thread-safety: immutable, any thread. */
typedef struct vireo_source vireo_source;
typedef struct vireo_source_tensor {
    const char *name;
    const char *stored_dtype; /* the file's own name, e.g. "F32", "BF16" */
    bool supported;           /* whether dtype below is one of ours */
    vireo_dtype dtype;
    uint32_t rank;
    int64_t shape[VIREO_MAX_RANK];
    size_t bytes;
} vireo_source_tensor;

vireo_status vireo_source_open(const char *path, const vireo_allocator *, vireo_source **out,
                               vireo_error *);
void vireo_source_close(vireo_source **);
const char *vireo_source_path(const vireo_source *);
const char *vireo_source_architecture(const vireo_source *); /* config.json's model_type, "" if none */
/* Hyper-parameters by JSON path: "hidden_size" in config.json; other files by name, as in
 * "sentence_bert_config.max_seq_length", "1_Pooling.pooling_mode_cls_token". false: absent, or of
 * another type (integers are exact; a number with a fraction is not an integer). Strings borrowed. */
bool vireo_source_has(const vireo_source *, const char *key);
bool vireo_source_int(const vireo_source *, const char *key, int64_t *out);
bool vireo_source_float(const vireo_source *, const char *key, double *out);
bool vireo_source_bool(const vireo_source *, const char *key, bool *out);
bool vireo_source_string(const vireo_source *, const char *key, const char **out);
size_t vireo_source_tensor_count(const vireo_source *);
vireo_status vireo_source_tensor_at(const vireo_source *, size_t index, vireo_source_tensor *out);
bool vireo_source_find(const vireo_source *, const char *name, vireo_source_tensor *out);
/* Copies bytes [offset, offset + bytes) of a tensor, as the file has them. A file that became shorter
 * since it was opened is an error that names file, tensor and offset. */
vireo_status vireo_source_read(const vireo_source *, const char *name, size_t offset, void *to,
                               size_t bytes, vireo_error *);
/* Hexadecimal XXH3-128 over all tensors' files (bytes), computed on first use, for keys of derived
 * data. Borrowed. */
vireo_status vireo_source_hash(vireo_source *, const char **out, vireo_error *);

/* ---- Models -------------------------------------------------------------------------------- */

typedef struct vireo_model vireo_model;
typedef struct vireo_graph vireo_graph; /* graph.h */

typedef struct vireo_model_options {
    size_t struct_size;
    vireo_progress_fn progress;
    void *progress_user;
    bool keep_layout; /* weights stay as the file has them; default: turned where kernels gain */
    bool allow_nonfinite; /* weights of a source may hold NaN and infinities; default: the first one
                             is an error (VIREO_ERROR_FORMAT) that names tensor, element and value */
    bool no_fuse; /* the graph runs node by node as it was built; default: what one op can do together is one
                     node (matmul, bias, activation and residual, ...), alike but for rounding */
} vireo_model_options;

/* Reads the folder, builds the architecture's graph, uploads the weights. */
vireo_status vireo_model_load(vireo_device *, const char *path, const vireo_model_options *,
                              vireo_model **out, vireo_error *);
/* The same from a source (borrowed, may be closed afterwards). */
vireo_status vireo_model_load_source(vireo_device *, const vireo_source *,
                                     const vireo_model_options *, vireo_model **out, vireo_error *);
/* From a graph made by hand. Takes the graph: *graph is nulled on success and on failure. */
vireo_status vireo_model_create(vireo_device *, vireo_graph **graph, const vireo_model_options *,
                                vireo_model **out, vireo_error *);
vireo_device *vireo_model_get_device(const vireo_model *);
size_t vireo_model_weight_bytes(const vireo_model *); /* on the device, padding included */
void vireo_model_destroy(vireo_model **); /* after its sessions */

/* Architectures the library knows, in alphabetical order; NULL past the end. */
const char *vireo_architecture_name(size_t index);
/* What is missing for this source to run; empty string: nothing. Written into `missing` (size bytes,
 * truncated if needed). */
void vireo_source_check(const vireo_source *, char *missing, size_t size);

/* ---- Sessions ------------------------------------------------------------------------------ */

/* Inputs and outputs stand in the order in which the graph declared them. Dynamic leading dimensions
 * ("symbols", graph.h) take any size from 0 to the symbol's maximum; plans are made and recorded once
 * per bucket of sizes and replayed. */
typedef struct vireo_session vireo_session;
typedef struct vireo_session_options {
    size_t struct_size;
    const char *force_kernel; /* inspect.h; NULL: the library chooses */
    bool deterministic; /* each op runs one kernel, the best that fits the largest sizes, in all buckets
                           of sizes: the bits of a row depend neither on how many others a run has nor
                           on what they are. Default: the best for each bucket, which may sum in another
                           order than that of the next (faster where views are small). Either way the
                           same inputs give the same bits on the same device, driver and version, with the
                           same tuned kernels (tune_ms); deterministic ones whatever these are */
    int64_t largest;    /* no dynamic size of a run may be larger; 0: the symbols' maxima. Sessions whose
                           deterministic results are to agree have the same */
    /* "compile", in kernels, where a bucket of sizes is made, with their names ("compile: matmul/texel,
     * softmax/rows"); "first run", of a bucket, in parts, every 100 ms, for many drivers compile in it: a
     * kernel that is new begins a part, which has its name ("first run: matmul/texel, which the driver may
     * compile now"); then "run", between the submissions of a run that takes several. The last call of the
     * first two has done = total, and no names. A run that is cancelled ends when what is submitted of it
     * does: four submissions of some 100 ms at most. */
    vireo_progress_fn progress;
    void *progress_user;
    uint32_t tune_ms; /* 0: nothing is measured. Else the first run of each bucket of sizes first times the
                         kernels for its calls that nothing is known of yet, with its own inputs, for half of
                         what is left of so many milliseconds, and keeps what was the best (inspect.h), in
                         the cache folder as it goes: what was found before progress cancels stays. progress
                         hears "tune", in milliseconds: done those spent, total also those that are left (what
                         the usual kernels take to compile is none of the budget's: total grows with it), with
                         the kernels that compile now ("tune: matmul/tall, norm/lane"). Of a deterministic
                         session only kernels that sum in the same order as the usual ones */
} vireo_session_options;

vireo_status vireo_session_create(vireo_model *, const vireo_session_options *, vireo_session **out,
                                  vireo_error *);
/* Copies the inputs and starts the work. At most two submissions are in flight, so that the device has
 * work while the host deals with what came before; they run in order. Of long runs a part is started
 * here, the rest while they are waited for. */
vireo_status vireo_session_submit(vireo_session *, const vireo_tensor *in, size_t n_in,
                                  vireo_error *);
/* Waits for the oldest submission and copies its outputs. Whatever it answers, that submission is in
 * flight no more. */
vireo_status vireo_session_wait(vireo_session *, vireo_tensor *out, size_t n_out, vireo_error *);
/* Both; refused while a submission is in flight. */
vireo_status vireo_session_run(vireo_session *, const vireo_tensor *in, size_t n_in,
                               vireo_tensor *out, size_t n_out, vireo_error *);
void vireo_session_destroy(vireo_session **);

#ifdef __cplusplus
}
#endif
#endif
