/* From the pixels of a device to the native frame: display window, then pixels of 7.675 um. */
#ifndef NATIVE_FRAME_H
#define NATIVE_FRAME_H

#include "edge_cataract.h"

typedef struct {
    uint8_t *grey; /* the caller frees it */
    int64_t shape[2];
    int64_t usual[4];  /* the window in which the lens is looked for first */
    int known_device;  /* whether it is a frame of a known device, by its shape */
    int device_pixels; /* whether it has a size in which that device exports */
} native_frame;

ec_status native_frame_of(const ec_scan *scan, native_frame *frame, char message[EC_MESSAGE_BYTES]);

#endif
