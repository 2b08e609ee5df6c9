/* Read a scan that another program has decoded: PGM (P5), or raw grey bytes of a stated shape. */
#ifndef SCAN_FILE_H
#define SCAN_FILE_H

#include "edge_cataract.h"

/* Fill `scan`, whose pixels the caller frees. `raw`: rows, columns and white of a raw frame; all 0: a PGM. */
ec_status read_scan(const char *path, const unsigned raw[3], ec_scan *scan, char message[EC_MESSAGE_BYTES]);

#endif
