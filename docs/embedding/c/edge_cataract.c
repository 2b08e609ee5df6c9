#include "edge_cataract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judgement.h"
#include "model_files.h"
#include "native_frame.h"

/* What `count` gives. */
enum { LENS, CATARACT, DROPPED, BOX, MEASURED, SETTLED, REASONS, COUNTED };

typedef struct {
    tensor found[COUNTED];
    int64_t window[4], box[4], lens_px;
    int lens_seen, settled;
} view;

/* One measurement: what the steps hand on. */
typedef struct {
    ec_engine *engine;
    char *message;
    native_frame frame;
    OrtValue *grey;
    tensor prepared[4]; /* coarse, found, levels, table */
    tensor looked[2];   /* tissues, picture_probability */
    OrtValue *nothing;  /* tissues of no pixels */
} scene;

static ec_status numbers(scene *scene, tensor *from, int type, size_t least, const void **data) {
    size_t count = 0;
    ec_status status = engine_numbers(&scene->engine->engine, from->value, type, data, &count, NULL, scene->message);
    if (status || count >= least) return status;
    snprintf(scene->message, EC_MESSAGE_BYTES, "model-signature: %s has %zu numbers, not %zu", from->name, count,
             least);
    return EC_BAD_MODEL;
}

/* A tensor of whole numbers over the caller's memory; count 0: of one number, without a shape. */
static ec_status whole(scene *scene, const int64_t *values, int64_t count, tensor *made) {
    size_t bytes = (size_t)(count ? count : 1) * sizeof *values;
    return engine_tensor(&scene->engine->engine, values, bytes, ORT_INT64, &count, count ? 1 : 0, &made->value,
                         scene->message);
}

/* What the network reads of a window. */
static ec_status crop(scene *scene, const int64_t usual[4], OrtValue *tissues, const int64_t box[4], int64_t margin,
                      tensor found[3]) {
    engine *engine = &scene->engine->engine;
    tensor inputs[] = {{"usual", NULL},       {"box", NULL},           {"step", NULL},      {"margin", NULL},
                       {"frame", scene->grey}, {"tissues", tissues}, {"table", scene->prepared[3].value}};
    ec_status status = whole(scene, usual, 4, &inputs[0]);
    if (!status) status = whole(scene, box, 4, &inputs[1]);
    if (!status) status = whole(scene, &scene->engine->step, 0, &inputs[2]);
    if (!status) status = whole(scene, &margin, 0, &inputs[3]);
    if (!status) status = engine_run(engine, scene->engine->sessions[CROP], inputs, 7, found, 3, scene->message);
    engine_release(engine, inputs, 4);
    return status;
}

static ec_status count(scene *scene, OrtValue *labels, OrtValue *window, OrtValue *scan, view *seen) {
    engine *engine = &scene->engine->engine;
    OrtValue *tissues = scene->looked[0].value ? scene->looked[0].value : scene->nothing;
    tensor inputs[] = {{"frame_shape", NULL}, {"grid", NULL}, {"labels", labels},
                       {"window", window},    {"scan", scan}, {"found", scene->prepared[1].value},
                       {"tissues", tissues}};
    ec_status status = whole(scene, scene->frame.shape, 2, &inputs[0]);
    if (!status) status = whole(scene, &scene->engine->grid, 0, &inputs[1]);
    if (!status)
        status = engine_run(engine, scene->engine->sessions[COUNT], inputs, 7, seen->found, COUNTED, scene->message);
    engine_release(engine, inputs, 2);
    const void *lens = NULL, *box = NULL, *settled = NULL;
    if (!status) status = numbers(scene, &seen->found[LENS], ORT_INT64, 1, &lens);
    if (!status) status = numbers(scene, &seen->found[BOX], ORT_INT64, 4, &box);
    if (!status) status = numbers(scene, &seen->found[SETTLED], ORT_BOOL, 1, &settled);
    if (status) return status;
    seen->lens_px = *(const int64_t *)lens;
    memcpy(seen->box, box, sizeof seen->box);
    seen->settled = *(const uint8_t *)settled;
    return EC_OK;
}

/* Crop, network and counts for one window. */
static ec_status look_at(scene *scene, const int64_t usual[4], OrtValue *tissues, const int64_t box[4], int64_t margin,
                         view *seen) {
    static const char *const GIVEN[] = {"lens_px",  "cataract_px", "dropped_px", "box",
                                        "measured", "settled",     "reasons"};
    engine *engine = &scene->engine->engine;
    tensor cropped[] = {{"scan", NULL}, {"window", NULL}, {"lens_seen", NULL}}, labelled = {"labels", NULL};
    memset(seen, 0, sizeof *seen);
    for (int place = 0; place < COUNTED; place++) seen->found[place].name = GIVEN[place];
    const void *window = NULL, *lens_seen = NULL;
    ec_status status = crop(scene, usual, tissues, box, margin, cropped);
    if (!status) status = numbers(scene, &cropped[1], ORT_INT64, 4, &window);
    if (!status) memcpy(seen->window, window, sizeof seen->window);
    if (!status) status = numbers(scene, &cropped[2], ORT_BOOL, 1, &lens_seen);
    if (!status) seen->lens_seen = *(const uint8_t *)lens_seen;
    if (!status)
        status = engine_run(engine, scene->engine->sessions[NETWORK], cropped, 1, &labelled, 1, scene->message);
    if (!status) status = count(scene, labelled.value, cropped[1].value, cropped[0].value, seen);
    engine_release(engine, &labelled, 1);
    engine_release(engine, cropped, 3);
    return status;
}

static void forget(scene *scene, view *seen) { engine_release(&scene->engine->engine, seen->found, COUNTED); }

/* Another window, where the first one does not hold the lens. */
static ec_status search(scene *scene, view *seen) {
    static const int64_t NONE[4] = {0, 0, 0, 0};
    const int64_t *usual = scene->frame.usual;
    OrtValue *tissues = scene->looked[0].value ? scene->looked[0].value : scene->nothing;
    view other;
    ec_status status = look_at(scene, usual, tissues, NONE, -16, seen);
    if (status || !seen->lens_seen || seen->settled) return status;
    if (!memcmp(seen->window, usual, sizeof seen->window)) {
        status = look_at(scene, usual, tissues, NONE, 32, &other);
        if (!status && other.settled) {
            forget(scene, seen);
            *seen = other;
            return EC_OK;
        }
        forget(scene, &other);
        if (status) return status;
    }
    status = look_at(scene, NONE, scene->nothing, NONE, 0, &other);
    forget(scene, &other);
    if (status || !other.lens_px) return status; /* without a lens anywhere the first window says so */
    int64_t box[4];
    for (int side = 0; side < 4; side++) box[side] = other.box[side] * scene->engine->grid;
    forget(scene, seen);
    return look_at(scene, usual, scene->nothing, box, 0, seen);
}

/* Levels and table of the frame, and one look over it. */
static ec_status prepare(scene *scene) {
    static const int64_t NO_PIXELS[2] = {0, 0};
    engine *engine = &scene->engine->engine;
    const native_frame *frame = &scene->frame;
    char *message = scene->message;
    uint8_t device_pixels = (uint8_t)frame->device_pixels;
    size_t bytes = (size_t)(frame->shape[0] * frame->shape[1]), coarse = 0;
    tensor inputs[] = {{"frame", NULL}, {"device_pixels", NULL}};
    const void *ignored = NULL;
    ec_status status = engine_tensor(engine, frame->grey, bytes, ORT_UINT8, frame->shape, 2, &scene->grey, message);
    if (!status) status = engine_tensor(engine, frame->grey, 0, ORT_UINT8, NO_PIXELS, 2, &scene->nothing, message);
    if (!status) status = engine_tensor(engine, &device_pixels, 1, ORT_BOOL, NULL, 0, &inputs[1].value, message);
    inputs[0].value = scene->grey;
    if (!status)
        status = engine_run(engine, scene->engine->sessions[PREPARE], inputs, 2, scene->prepared, 4, message);
    engine_release(engine, &inputs[1], 1);
    if (!status)
        status = engine_numbers(engine, scene->prepared[0].value, ORT_UINT8, &ignored, &coarse, NULL, message);
    if (!status && coarse) /* a frame below 8 x 8 pixels has nothing to look at */
        status = engine_run(engine, scene->engine->sessions[LOOK], scene->prepared, 1, scene->looked, 2, message);
    return status;
}

static ec_status judge_scene(scene *scene, view *seen, ec_result *result) {
    const void *likely = NULL, *holds = NULL;
    ec_status status = numbers(scene, &seen->found[REASONS], ORT_BOOL, RULES, &holds);
    if (!status && scene->looked[1].value)
        status = numbers(scene, &scene->looked[1], ORT_FLOAT, KINDS_OF_PICTURE, &likely);
    if (status) return status;
    judge(likely, holds, scene->frame.known_device, result);
    decide(scene->engine->threshold, scene->engine->guard_band, result);
    return EC_OK;
}

/* Copy out of the engine what a caller keeps. */
static ec_status collect(scene *scene, view *seen, ec_result *result) {
    const void *cataract = NULL, *dropped = NULL, *found = NULL, *levels = NULL, *table = NULL, *labels = NULL;
    size_t count = 0;
    ec_status status = numbers(scene, &seen->found[CATARACT], ORT_INT64, 1, &cataract);
    if (!status) status = numbers(scene, &seen->found[DROPPED], ORT_INT64, 1, &dropped);
    if (!status) status = numbers(scene, &scene->prepared[1], ORT_BOOL, 1, &found);
    if (!status) status = numbers(scene, &scene->prepared[2], ORT_DOUBLE, EC_LEVELS, &levels);
    if (!status) status = numbers(scene, &scene->prepared[3], ORT_UINT8, EC_TABLE, &table);
    if (!status)
        status = engine_numbers(&scene->engine->engine, seen->found[MEASURED].value, ORT_UINT8, &labels, &count,
                                result->labels_shape, scene->message);
    if (status) return status;
    result->lens_px = seen->lens_px;
    result->cataract_px = *(const int64_t *)cataract;
    result->dropped_px = *(const int64_t *)dropped;
    result->found = *(const uint8_t *)found;
    memcpy(result->levels, levels, sizeof result->levels);
    memcpy(result->table, table, sizeof result->table);
    memcpy(result->window, seen->window, sizeof result->window);
    memcpy(result->frame, scene->frame.shape, sizeof result->frame);
    result->labels = malloc(count ? count : 1);
    if (!result->labels) {
        snprintf(scene->message, EC_MESSAGE_BYTES, "out-of-memory: no memory for labels");
        return EC_NO_MEMORY;
    }
    memcpy(result->labels, labels, count);
    return EC_OK;
}

ec_status ec_measure(ec_engine *engine, const ec_scan *scan, ec_result *result, char message[EC_MESSAGE_BYTES]) {
    scene scene = {.engine = engine,
                   .message = message,
                   .prepared = {{"coarse", NULL}, {"found", NULL}, {"levels", NULL}, {"table", NULL}},
                   .looked = {{"tissues", NULL}, {"picture_probability", NULL}}};
    view seen;
    memset(result, 0, sizeof *result);
    memset(&seen, 0, sizeof seen);
    ec_status status = native_frame_of(scan, &scene.frame, message);
    if (status) return status;
    status = prepare(&scene);
    if (!status) status = search(&scene, &seen);
    if (!status) status = collect(&scene, &seen, result);
    if (!status) status = judge_scene(&scene, &seen, result);
    forget(&scene, &seen);
    tensor others[] = {{"frame", scene.grey}, {"tissues", scene.nothing}};
    engine_release(&engine->engine, others, 2);
    engine_release(&engine->engine, scene.looked, 2);
    engine_release(&engine->engine, scene.prepared, 4);
    free(scene.frame.grey);
    if (status) ec_free_result(result);
    return status;
}

void ec_free_result(ec_result *result) {
    free(result->labels);
    memset(result, 0, sizeof *result);
}
