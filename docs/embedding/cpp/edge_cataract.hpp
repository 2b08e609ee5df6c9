// The C sample as a class: an engine is opened by its constructor, and everything is freed by destructors.
#ifndef EDGE_CATARACT_HPP
#define EDGE_CATARACT_HPP

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "../c/edge_cataract.h"

namespace edge_cataract {

// What went wrong: a status, whose number is an exit code, and a message that begins with its word.
class Error : public std::runtime_error {
  public:
    Error(ec_status status, const char *message) : std::runtime_error(message), status_(status) {}
    ec_status status() const noexcept { return status_; }

  private:
    ec_status status_;
};

struct Files {
    std::string library, prepare, look, crop, network, count;
    int threads = 1;
};

// Decoded grey levels, row by row; `white` is 255, or more where they were stored in 16 bits.
template <typename Grey> struct Scan {
    std::vector<Grey> pixels;
    std::size_t rows = 0, columns = 0;
    unsigned white = 0;
    std::optional<std::array<double, 2>> pitch_um; // of a pixel, along rows and columns; none: by the shape
};

struct Answer {
    std::int64_t lens_px, cataract_px, dropped_px;
    std::optional<double> cataract_fraction; // of a scan that is not graded: none, not 0
    double threshold, guard_band;
    ec_decision decision;
    bool borderline;
    std::vector<std::string> reasons;
    std::array<std::int64_t, 4> window;
    std::vector<std::uint8_t> labels; // row by row: 0 elsewhere, 1 clear lens, 2 cataract
    std::array<std::int64_t, 2> labels_shape;
};

// May be moved, not copied; used by one thread at a time.
class Analyzer {
  public:
    explicit Analyzer(const Files &files) {
        const ec_files named{files.library.c_str(), files.prepare.c_str(), files.look.c_str(), files.crop.c_str(),
                             files.network.c_str(), files.count.c_str(), files.threads};
        ec_status status = EC_OK;
        std::array<char, EC_MESSAGE_BYTES> message{};
        engine_.reset(ec_open(&named, &status, message.data()));
        if (!engine_) throw Error(status, message.data());
    }

    std::string model() const { return ec_model(engine_.get()); }

    template <typename Grey> Answer analyze(const Scan<Grey> &scan) {
        static_assert(std::is_same_v<Grey, std::uint8_t> || std::is_same_v<Grey, std::uint16_t>);
        if (scan.pixels.size() != scan.rows * scan.columns || (scan.white > 255) != (sizeof(Grey) == 2))
            throw Error(EC_BAD_SCAN, "bad-array: pixels, shape and white do not belong together");
        const auto pitch = scan.pitch_um.value_or(std::array<double, 2>{0, 0});
        const ec_scan given{scan.pixels.data(), scan.rows, scan.columns, scan.white, pitch[0], pitch[1]};
        Result found;
        std::array<char, EC_MESSAGE_BYTES> message{};
        const ec_status status = ec_measure(engine_.get(), &given, &found.value, message.data());
        if (status != EC_OK) throw Error(status, message.data());
        return answer(found.value);
    }

  private:
    struct Close {
        void operator()(ec_engine *engine) const noexcept { ec_close(engine); }
    };
    struct Result {
        ec_result value{};
        Result() = default;
        Result(const Result &) = delete;
        Result &operator=(const Result &) = delete;
        ~Result() { ec_free_result(&value); }
    };

    static Answer answer(const ec_result &found) {
        Answer given{};
        given.lens_px = found.lens_px;
        given.cataract_px = found.cataract_px;
        given.dropped_px = found.dropped_px;
        if (found.decision != EC_UNGRADABLE) given.cataract_fraction = found.cataract_fraction;
        given.threshold = found.threshold;
        given.guard_band = found.guard_band;
        given.decision = found.decision;
        given.borderline = found.borderline != 0;
        given.reasons.assign(found.reasons, found.reasons + found.reason_count);
        std::copy(std::begin(found.window), std::end(found.window), given.window.begin());
        given.labels_shape = {found.labels_shape[0], found.labels_shape[1]};
        given.labels.assign(found.labels, found.labels + found.labels_shape[0] * found.labels_shape[1]);
        return given;
    }

    std::unique_ptr<ec_engine, Close> engine_;
};

} // namespace edge_cataract

#endif
