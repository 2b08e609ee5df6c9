/* A file is bounded before memory is asked for, and must end exactly where its pixels do. */
#include "scan_file.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PIXELS 25000000UL

static ec_status refused(char *message, const char *what) {
    snprintf(message, EC_MESSAGE_BYTES, "%s", what);
    return EC_BAD_SCAN;
}

/* One number of the header, after white space and comments; 0 where there is none, or it is too large. */
static unsigned long header_number(FILE *file) {
    int byte = getc(file);
    while (isspace(byte) || byte == '#') {
        if (byte == '#')
            while (byte != '\n' && byte != EOF) byte = getc(file);
        byte = getc(file);
    }
    unsigned long value = 0;
    for (; byte >= '0' && byte <= '9' && value <= MAX_PIXELS; byte = getc(file))
        value = 10 * value + (unsigned long)(byte - '0');
    return isspace(byte) && value <= MAX_PIXELS ? value : 0;
}

static ec_status read_header(FILE *file, ec_scan *scan, char *message) {
    int first = getc(file), second = getc(file);
    if (first == EOF) return refused(message, "empty-file: it holds nothing");
    if (first != 'P' || second != '5')
        return refused(message, "unsupported-format: no binary PGM (P5); decode the scan first");
    scan->columns = header_number(file);
    scan->rows = header_number(file);
    scan->white = (unsigned)header_number(file);
    if (!scan->columns || !scan->rows || !scan->white) return refused(message, "malformed-pgm: its header is damaged");
    return EC_OK;
}

static ec_status read_pixels(FILE *file, int big_endian, ec_scan *scan, char *message) {
    if (scan->white < 255 || scan->white > 65535) return refused(message, "unknown-depth: white must be 255 to 65535");
    if (scan->columns > MAX_PIXELS / scan->rows) return refused(message, "too-many-pixels: more than 25 million");
    size_t count = scan->rows * scan->columns, size = scan->white > 255 ? 2 : 1;
    uint8_t *bytes = malloc(count * size);
    if (!bytes) return snprintf(message, EC_MESSAGE_BYTES, "out-of-memory: no memory for the scan"), EC_NO_MEMORY;
    scan->pixels = bytes;
    if (fread(bytes, size, count, file) != count) return refused(message, "truncated: the file ends before its pixels");
    if (getc(file) != EOF) return refused(message, "trailing-bytes: the file goes on behind its pixels");
    for (size_t place = 0; size == 2 && place < count; place++) {
        uint16_t level; /* raw frames are little-endian, a PGM is big-endian */
        const uint8_t *pair = bytes + 2 * place;
        level = (uint16_t)(big_endian ? pair[0] << 8 | pair[1] : pair[1] << 8 | pair[0]);
        memcpy(bytes + 2 * place, &level, sizeof level);
    }
    return EC_OK;
}

ec_status read_scan(const char *path, const unsigned raw[3], ec_scan *scan, char message[EC_MESSAGE_BYTES]) {
    FILE *file = fopen(path, "rb");
    if (!file) return snprintf(message, EC_MESSAGE_BYTES, "missing-file: it cannot be opened"), EC_MISSING;
    int is_raw = raw[0] && raw[1];
    ec_status status = EC_OK;
    if (is_raw) {
        scan->rows = raw[0];
        scan->columns = raw[1];
        scan->white = raw[2];
    } else {
        status = read_header(file, scan, message);
    }
    if (!status) status = read_pixels(file, !is_raw, scan, message);
    if (status) {
        free((void *)scan->pixels);
        scan->pixels = NULL;
    }
    fclose(file);
    return status;
}
