/* Whole numbers wherever pixels are computed, so that every processor finds the same ones. */
#include "native_frame.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NATIVE_UM 7.675
#define MIN_UM 1.0
#define MAX_UM 40.0
#define SAME_SHAPE 0.01
#define MAX_PIXELS 25000000.0

typedef struct {
    double rows, columns, height_um, width_um;
    int least_white; /* 16-bit frames alone: 256 */
    double low, high; /* grey 0 and 255 as parts of white */
    size_t exported[2][2];
} device;

/* What docs/inputs.md says of the devices that are known. */
static const device DEVICES[] = {
    {1824, 2150, 14000, 16500, 255, 0.0, 1.0, {{1824, 2150}, {1459, 1713}}},
    {1519, 768, 13520, 16500, 256, 0.2, 1.11, {{1519, 768}, {0, 0}}},
};
static const int64_t USUAL[4] = {640, 525, 1100, 1100};

static const device *device_of(const ec_scan *scan) {
    for (size_t place = 0; place < sizeof DEVICES / sizeof *DEVICES; place++) {
        const device *one = &DEVICES[place];
        double aspect = (double)scan->columns / (double)scan->rows / (one->columns / one->rows);
        if ((int)scan->white >= one->least_white && fabs(aspect - 1) <= SAME_SHAPE) return one;
    }
    return NULL;
}

static ec_status without_memory(char *message) {
    snprintf(message, EC_MESSAGE_BYTES, "out-of-memory: no memory for a frame");
    return EC_NO_MEMORY;
}

/* Grey levels 0 to 255 by a declared window, never by the data of one scan. */
static ec_status displayed(const ec_scan *scan, double low, double high, uint8_t *grey, char *message) {
    size_t count = scan->rows * scan->columns;
    unsigned least = scan->white, most = 0;
    uint8_t *table = malloc((size_t)scan->white + 1);
    if (!table) return without_memory(message);
    volatile double black = low * scan->white, white = high * scan->white; /* each rounded: no FMA below */
    for (unsigned level = 0; level <= scan->white; level++) {
        double share = (level - black) / (white - black);
        table[level] = (uint8_t)rint(fmin(fmax(share, 0.0), 1.0) * 255.0);
    }
    for (size_t place = 0; place < count; place++) {
        unsigned level =
            scan->white > 255 ? ((const uint16_t *)scan->pixels)[place] : ((const uint8_t *)scan->pixels)[place];
        if (level < least) least = level;
        if (level > most) most = level;
        if (level <= scan->white) grey[place] = table[level];
    }
    free(table);
    if (most > scan->white) {
        snprintf(message, EC_MESSAGE_BYTES, "brighter-than-white: a pixel of %u, white is %u", most, scan->white);
        return EC_BAD_SCAN;
    }
    if (least == most) {
        snprintf(message, EC_MESSAGE_BYTES, "constant-image: every pixel is %u, nothing was recorded", most);
        return EC_BAD_SCAN;
    }
    return EC_OK;
}

/* One line of pixels, `stride` apart, from one length to a larger one: linear, in 256ths. */
static void grow(const uint8_t *from, int64_t length, uint8_t *to, int64_t wanted, int64_t stride) {
    double scale = 1 / ((double)wanted / (double)length);
    for (int64_t place = 0; place < wanted; place++) {
        volatile double product = ((double)place + 0.5) * scale; /* never one rounding with the subtraction (FMA) */
        double at = product - 0.5;
        int64_t first = (int64_t)floor(at);
        int part = (int)rint(256 * (at - (double)first));
        int64_t second = first + 1;
        if (first < 0) first = second = part = 0;
        if (first >= length - 1) first = second = length - 1;
        to[place * stride] = (uint8_t)((from[first * stride] * (256 - part) + from[second * stride] * part + 128) >> 8);
    }
}

/* To a smaller length: the mean of what the new pixel covers, rounded half up. */
static void shrink(const uint8_t *from, int64_t length, uint8_t *to, int64_t wanted, int64_t stride) {
    for (int64_t place = 0; place < wanted; place++) {
        int64_t start = place * length, end = start + length, sum = 0; /* in units of 1 / wanted of an old pixel */
        for (int64_t old = start / wanted; old * wanted < end; old++) {
            int64_t left = old * wanted > start ? old * wanted : start;
            int64_t right = (old + 1) * wanted < end ? (old + 1) * wanted : end;
            sum += from[old * stride] * (right - left);
        }
        to[place * stride] = (uint8_t)((2 * sum + length) / (2 * length));
    }
}

static void resize_line(const uint8_t *from, int64_t length, uint8_t *to, int64_t wanted, int64_t stride) {
    if (wanted > length) grow(from, length, to, wanted, stride);
    else shrink(from, length, to, wanted, stride);
}

/* Rows first, then columns; takes `grey` and gives a buffer of the new shape, or NULL. */
static uint8_t *resized(uint8_t *grey, const int64_t shape[2], const int64_t wanted[2]) {
    if (wanted[0] != shape[0]) {
        uint8_t *tall = malloc((size_t)(wanted[0] * shape[1]));
        for (int64_t column = 0; tall && column < shape[1]; column++)
            resize_line(grey + column, shape[0], tall + column, wanted[0], shape[1]);
        free(grey);
        grey = tall;
    }
    if (grey && wanted[1] != shape[1]) {
        uint8_t *wide = malloc((size_t)(wanted[0] * wanted[1]));
        for (int64_t row = 0; wide && row < wanted[0]; row++)
            resize_line(grey + row * shape[1], shape[1], wide + row * wanted[1], wanted[1], 1);
        free(grey);
        grey = wide;
    }
    return grey;
}

static int is_pitch(double um) { return um >= MIN_UM && um <= MAX_UM; } /* no, of a NaN */

static int64_t least(int64_t one, int64_t other) { return one < other ? one : other; }

/* The shape of the native frame and its first window. */
static ec_status plan(const ec_scan *scan, const device *known, native_frame *frame, char *message) {
    double row_um = scan->row_um, column_um = scan->column_um;
    if (known) {
        row_um = known->height_um / (double)scan->rows;
        column_um = known->width_um / (double)scan->columns;
    } else {
        row_um = (double)scan->rows * row_um / 1000 * 1000 / (double)scan->rows; /* as a frame of so many mm */
        column_um = (double)scan->columns * column_um / 1000 * 1000 / (double)scan->columns;
    }
    double rows = rint((double)scan->rows * row_um / NATIVE_UM);
    double columns = rint((double)scan->columns * column_um / NATIVE_UM);
    if (fmax(row_um, column_um) > MAX_UM) {
        snprintf(message, EC_MESSAGE_BYTES, "too-coarse: pixels of %.3g x %.3g um", row_um, column_um);
        return EC_BAD_SCAN;
    }
    if (rows * columns > MAX_PIXELS || fmin(rows, columns) < 1) {
        snprintf(message, EC_MESSAGE_BYTES, "too-many-pixels: the frame would be %.0f x %.0f", columns, rows);
        return EC_BAD_SCAN;
    }
    frame->shape[0] = (int64_t)rows;
    frame->shape[1] = (int64_t)columns;
    for (int axis = 0; axis < 2; axis++) {
        int64_t side = frame->shape[axis], length = known ? least(USUAL[2 + axis], side) : side;
        frame->usual[axis] = known ? least(USUAL[axis], side - length) : 0;
        frame->usual[2 + axis] = length;
    }
    return EC_OK;
}

ec_status native_frame_of(const ec_scan *scan, native_frame *frame, char message[EC_MESSAGE_BYTES]) {
    memset(frame, 0, sizeof *frame);
    if (!scan->rows || !scan->columns || (double)scan->rows * (double)scan->columns > MAX_PIXELS) {
        snprintf(message, EC_MESSAGE_BYTES, "too-many-pixels: %zu x %zu", scan->columns, scan->rows);
        return EC_BAD_SCAN;
    }
    if (scan->white < 255 || scan->white > 65535) {
        snprintf(message, EC_MESSAGE_BYTES, "unknown-depth: white is %u; 255 to 65535 was expected", scan->white);
        return EC_BAD_SCAN;
    }
    int stated = scan->row_um != 0 || scan->column_um != 0;
    if (stated && !(is_pitch(scan->row_um) && is_pitch(scan->column_um))) {
        snprintf(message, EC_MESSAGE_BYTES, "bad-pixel-pitch: %g x %g um; 1 to 40 was expected", scan->row_um,
                 scan->column_um);
        return EC_BAD_SCAN;
    }
    const device *known = stated ? NULL : device_of(scan);
    if (!stated && !known) {
        snprintf(message, EC_MESSAGE_BYTES, "unknown-frame: %zu x %zu pixels fit no known device; state the pitch",
                 scan->columns, scan->rows);
        return EC_BAD_SCAN;
    }
    ec_status status = plan(scan, known, frame, message);
    if (status) return status;
    frame->known_device = known != NULL;
    for (int place = 0; known && place < 2; place++)
        frame->device_pixels |= known->exported[place][0] == scan->rows && known->exported[place][1] == scan->columns;
    uint8_t *grey = malloc(scan->rows * scan->columns);
    if (!grey) return without_memory(message);
    status = displayed(scan, known ? known->low : 0.0, known ? known->high : 1.0, grey, message);
    if (status) {
        free(grey);
        return status;
    }
    const int64_t shape[2] = {(int64_t)scan->rows, (int64_t)scan->columns};
    frame->grey = resized(grey, shape, frame->shape);
    return frame->grey ? EC_OK : without_memory(message);
}
