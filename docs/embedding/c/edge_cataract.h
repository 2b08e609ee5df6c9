/* The measurement of one B-scan by the sealed files of a release, through onnxruntime. Research use only. */
#ifndef EDGE_CATARACT_H
#define EDGE_CATARACT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { EC_MESSAGE_BYTES = 512, EC_MAX_REASONS = 12, EC_TABLE = 256, EC_LEVELS = 6 };

/* What went wrong; the numbers are the exit codes of the program. */
typedef enum {
    EC_OK = 0,
    EC_BAD_SCAN = 65,
    EC_MISSING = 66,
    EC_NO_MEMORY = 71,
    EC_NOT_WRITTEN = 74,
    EC_BAD_MODEL = 82,
    EC_ENGINE_FAILED = 83
} ec_status;

/* Paths of onnxruntime's library and of the files of one release; threads of a run, at least 1. */
typedef struct {
    const char *library, *prepare, *look, *crop, *network, *count;
    int threads;
} ec_files;

/* Decoded grey levels, row by row: one byte each where white is 255, two (uint16_t) where it is more. */
typedef struct {
    const void *pixels;
    size_t rows, columns;
    unsigned white;
    double row_um, column_um; /* pitch of a pixel; 0: by the shape, for frames of a known device */
} ec_scan;

typedef enum { EC_UNGRADABLE, EC_CLEAR, EC_CATARACT } ec_decision;

typedef struct {
    int64_t lens_px, cataract_px, dropped_px;
    int64_t window[4]; /* top, left, rows, columns of what the network read, in native pixels */
    int64_t frame[2];  /* rows, columns of the native frame */
    int found;         /* whether the tissues were found that fix the scale of grey */
    double levels[EC_LEVELS];
    uint8_t table[EC_TABLE];
    int reason_count;
    const char *reasons[EC_MAX_REASONS]; /* why it is not graded: words of docs/codes.md */
    ec_decision decision;                /* by the threshold of the network's own metadata */
    int borderline;
    double cataract_fraction, threshold, guard_band; /* the fraction has no meaning with EC_UNGRADABLE */
    uint8_t *labels; /* of the largest piece of lens: 0 elsewhere, 1 clear, 2 cataract; ec_free_result frees it */
    int64_t labels_shape[2];
} ec_result;

typedef struct ec_engine ec_engine;

/* Open every file once; NULL with a message when one is missing or is another file. */
ec_engine *ec_open(const ec_files *files, ec_status *status, char message[EC_MESSAGE_BYTES]);
/* Measure one scan. An engine may be used by one thread at a time. */
ec_status ec_measure(ec_engine *engine, const ec_scan *scan, ec_result *result, char message[EC_MESSAGE_BYTES]);
void ec_free_result(ec_result *result);
void ec_close(ec_engine *engine);

/* Name, version and precision of the network, as its file says. */
const char *ec_model(const ec_engine *engine);

#ifdef __cplusplus
}
#endif

#endif
