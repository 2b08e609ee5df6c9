/* What this sample uses of onnxruntime's C interface: places in its table of functions, which only ever grows.

   The library comes as `libonnxruntime.so.1.x` inside the wheel `onnxruntime` and is opened by `dlopen`: its symbols
   carry its version, so a program that is linked against one release would not start with the next. */
#ifndef ONNXRUNTIME_H
#define ONNXRUNTIME_H

#include <stddef.h>
#include <stdint.h>

#define ORT_API_VERSION 24 /* of the oldest release that is tested: 1.24 */

enum { ORT_FLOAT = 1, ORT_UINT8 = 2, ORT_INT64 = 7, ORT_BOOL = 9, ORT_DOUBLE = 11 }; /* element types */
enum { ORT_LOG_ERRORS = 3, ORT_LOG_FATAL = 4, ORT_DEVICE_ALLOCATOR = 0, ORT_MEMORY_DEFAULT = 0 };

typedef struct OrtStatus OrtStatus;
typedef struct OrtEnv OrtEnv;
typedef struct OrtSession OrtSession;
typedef struct OrtSessionOptions OrtSessionOptions;
typedef struct OrtRunOptions OrtRunOptions;
typedef struct OrtValue OrtValue;
typedef struct OrtMemoryInfo OrtMemoryInfo;
typedef struct OrtAllocator OrtAllocator;
typedef struct OrtModelMetadata OrtModelMetadata;
typedef struct OrtShape OrtShape;
typedef void (*OrtUnused)(void);

typedef struct {
    OrtUnused unused_0[2];
    const char *(*error_message)(const OrtStatus *status);
    OrtStatus *(*create_env)(int log_severity, const char *name, OrtEnv **found);
    OrtUnused unused_4[2];
    OrtStatus *(*disable_telemetry)(const OrtEnv *env);
    OrtStatus *(*create_session)(const OrtEnv *env, const char *path, const OrtSessionOptions *options,
                                 OrtSession **found);
    OrtUnused unused_8;
    OrtStatus *(*run)(OrtSession *session, const OrtRunOptions *options, const char *const *input_names,
                      const OrtValue *const *inputs, size_t input_count, const char *const *output_names,
                      size_t output_count, OrtValue **outputs);
    OrtStatus *(*create_session_options)(OrtSessionOptions **found);
    OrtUnused unused_11[6];
    OrtStatus *(*disable_memory_pattern)(OrtSessionOptions *options);
    OrtUnused unused_18;
    OrtStatus *(*disable_memory_arena)(OrtSessionOptions *options);
    OrtUnused unused_20[4];
    OrtStatus *(*set_threads)(OrtSessionOptions *options, int threads);
    OrtUnused unused_25[24];
    OrtStatus *(*create_tensor)(const OrtMemoryInfo *memory, void *data, size_t bytes, const int64_t *shape,
                                size_t rank, int element_type, OrtValue **found);
    OrtUnused unused_50;
    OrtStatus *(*tensor_data)(OrtValue *value, void **data);
    OrtUnused unused_52[8];
    OrtStatus *(*element_type)(const OrtShape *shape, int *found);
    OrtStatus *(*rank)(const OrtShape *shape, size_t *found);
    OrtStatus *(*dimensions)(const OrtShape *shape, int64_t *found, size_t rank);
    OrtUnused unused_63[2];
    OrtStatus *(*shape)(const OrtValue *value, OrtShape **found);
    OrtUnused unused_66[3];
    OrtStatus *(*create_cpu_memory)(int allocator, int kind, OrtMemoryInfo **found);
    OrtUnused unused_70[6];
    OrtStatus *(*allocator_free)(OrtAllocator *allocator, void *data);
    OrtUnused unused_77;
    OrtStatus *(*default_allocator)(OrtAllocator **found);
    OrtUnused unused_79[13];
    void (*release_env)(OrtEnv *env);
    void (*release_status)(OrtStatus *status);
    void (*release_memory)(OrtMemoryInfo *memory);
    void (*release_session)(OrtSession *session);
    void (*release_value)(OrtValue *value);
    OrtUnused unused_97[2];
    void (*release_shape)(OrtShape *shape);
    void (*release_session_options)(OrtSessionOptions *options);
    OrtUnused unused_101[10];
    OrtStatus *(*metadata)(const OrtSession *session, OrtModelMetadata **found);
    OrtUnused unused_112[4];
    OrtStatus *(*metadata_entry)(const OrtModelMetadata *metadata, OrtAllocator *allocator, const char *key,
                                 char **found);
    OrtUnused unused_117;
    void (*release_metadata)(OrtModelMetadata *metadata);
    OrtUnused unused_119[11];
    OrtStatus *(*set_config)(OrtSessionOptions *options, const char *key, const char *value);
} OrtApi;

typedef struct {
    const OrtApi *(*api)(uint32_t version);
    const char *(*version)(void);
} OrtApiBase;

_Static_assert(offsetof(OrtApi, release_env) / sizeof(OrtUnused) == 92, "places of functions");
_Static_assert(offsetof(OrtApi, set_config) / sizeof(OrtUnused) == 130, "places of functions");

#endif
