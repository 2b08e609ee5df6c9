/* `edge_cataract NAME=VALUE ... SCAN ...`: a line of JSON for every scan, in their order; README.md explains the names.

   A scan that is refused has a line, too, and is named by its number alone: file names may be those of patients. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edge_cataract.h"
#include "scan_file.h"

enum { USAGE = 2 };

typedef struct {
    ec_files files;
    double pitch[2];
    unsigned raw[3];
    const char *labels; /* folder in which label maps are written as PGM */
    int details;
} options;

static int say_usage(const char *wrong) {
    fprintf(stderr,
            "edge_cataract: usage: %s\n"
            "library=LIBONNXRUNTIME prepare=FILE look=FILE crop=FILE network=FILE count=FILE [threads=N]\n"
            "[pitch=ROW,COLUMN] [raw=ROWS,COLUMNS,WHITE] [labels=FOLDER] [details=1] SCAN ...\n",
            wrong);
    return USAGE;
}

static int is_option(const char *word) {
    size_t name = strspn(word, "abcdefghijklmnopqrstuvwxyz");
    return name && word[name] == '=';
}

/* Take one NAME=VALUE; 0 where there is no such name, or another value was expected. */
static int option(options *options, const char *word) {
    struct {
        const char *name;
        const char **place;
    } paths[] = {{"library=", &options->files.library}, {"prepare=", &options->files.prepare},
                 {"look=", &options->files.look},       {"crop=", &options->files.crop},
                 {"network=", &options->files.network}, {"count=", &options->files.count},
                 {"labels=", &options->labels}};
    for (size_t place = 0; place < sizeof paths / sizeof *paths; place++) {
        size_t length = strlen(paths[place].name);
        if (strncmp(word, paths[place].name, length)) continue;
        *paths[place].place = word + length;
        return 1;
    }
    char end;
    return sscanf(word, "threads=%d%c", &options->files.threads, &end) == 1 ||
           sscanf(word, "details=%d%c", &options->details, &end) == 1 ||
           sscanf(word, "pitch=%lf,%lf%c", &options->pitch[0], &options->pitch[1], &end) == 2 ||
           sscanf(word, "raw=%u,%u,%u%c", &options->raw[0], &options->raw[1], &options->raw[2], &end) == 3;
}

static void print_details(const ec_result *result) {
    printf(", \"native\": [%lld, %lld], \"found\": %s, \"levels\": [", (long long)result->frame[0],
           (long long)result->frame[1], result->found ? "true" : "false");
    for (int place = 0; place < EC_LEVELS; place++) printf("%s%.17g", place ? ", " : "", result->levels[place]);
    printf("], \"table\": \"");
    for (int place = 0; place < EC_TABLE; place++) printf("%02x", result->table[place]);
    printf("\"");
}

static void print_result(int number, const char *model, const ec_result *result, int details) {
    static const char *const DECISIONS[] = {"ungradable", "clear", "cataract"};
    printf("{\"scan\": %d, \"gradable\": %s, \"reasons\": [", number, result->reason_count ? "false" : "true");
    for (int place = 0; place < result->reason_count; place++)
        printf("%s\"%s\"", place ? ", " : "", result->reasons[place]);
    printf("], \"lens_px\": %lld, \"cataract_px\": %lld, \"dropped_px\": %lld, \"cataract_fraction\": ",
           (long long)result->lens_px, (long long)result->cataract_px, (long long)result->dropped_px);
    if (result->decision == EC_UNGRADABLE) printf("null"); /* undefined, not 0 */
    else printf("%.17g", result->cataract_fraction);
    printf(", \"threshold\": %.17g, \"guard_band\": %.17g, \"decision\": \"%s\", \"borderline\": %s", result->threshold,
           result->guard_band, DECISIONS[result->decision], result->borderline ? "true" : "false");
    printf(", \"window\": [%lld, %lld, %lld, %lld], \"model\": \"%s\"", (long long)result->window[0],
           (long long)result->window[1], (long long)result->window[2], (long long)result->window[3], model);
    if (details) print_details(result);
    printf(", \"disclaimer\": \"Research use only. Not a medical device.\"}\n");
}

static ec_status write_labels(const char *folder, int number, const ec_result *result, char *message) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.pgm", folder, number);
    size_t count = (size_t)(result->labels_shape[0] * result->labels_shape[1]);
    FILE *file = fopen(path, "wb");
    int written = file && fprintf(file, "P5\n%lld %lld\n255\n", (long long)result->labels_shape[1],
                                  (long long)result->labels_shape[0]) > 0;
    written = written && fwrite(result->labels, 1, count, file) == count;
    if (file && fclose(file)) written = 0;
    if (!written) snprintf(message, EC_MESSAGE_BYTES, "write-failed: the label map was not written");
    return written ? EC_OK : EC_NOT_WRITTEN;
}

static ec_status measure(ec_engine *engine, const options *options, const char *path, int number) {
    char message[EC_MESSAGE_BYTES] = "";
    ec_scan scan = {.row_um = options->pitch[0], .column_um = options->pitch[1]};
    ec_result result = {0};
    ec_status status = read_scan(path, options->raw, &scan, message);
    if (!status) status = ec_measure(engine, &scan, &result, message);
    if (!status && options->labels) status = write_labels(options->labels, number, &result, message);
    if (status) {
        printf("{\"scan\": %d, \"error\": \"%.*s\"}\n", number, (int)strcspn(message, ":"), message);
        fprintf(stderr, "edge_cataract: scan %d: error: %s\n", number, message);
    } else {
        print_result(number, ec_model(engine), &result, options->details);
    }
    fflush(stdout);
    ec_free_result(&result);
    free((void *)scan.pixels);
    return status;
}

int main(int count, char **words) {
    options options = {.files.threads = 1};
    char message[EC_MESSAGE_BYTES] = "";
    int first = 1;
    for (; first < count && is_option(words[first]); first++)
        if (!option(&options, words[first])) return say_usage("an option is not known; scans with '=' begin with ./");
    const ec_files *files = &options.files;
    if (!files->library || !files->prepare || !files->look || !files->crop || !files->network || !files->count)
        return say_usage("the library or a file is not named");
    if (first == count) return say_usage("no scan is named");
    if (files->threads < 1 || files->threads > 64) return say_usage("threads must be 1 to 64");
    ec_status status = EC_OK, worst = EC_OK;
    ec_engine *engine = ec_open(files, &status, message);
    if (!engine) {
        fprintf(stderr, "edge_cataract: error: %s\n", message);
        return (int)status;
    }
    for (int place = first; place < count; place++) {
        status = measure(engine, &options, words[place], place - first + 1);
        if (status > worst) worst = status;
    }
    ec_close(engine);
    return (int)worst;
}
