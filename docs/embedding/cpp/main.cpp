// `edge_cataract_cpp LIBRARY PREPARE LOOK CROP NETWORK COUNT ROWS COLUMNS WHITE RAW ...`: a line for every raw grey
// frame: lens_px, cataract_px, dropped_px, Cataract Fraction or "none", decision, and the reasons not to grade it; or an
// error's word.
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>

#include "edge_cataract.hpp"

namespace {

template <typename Grey> edge_cataract::Scan<Grey> read(const char *path, char *const *shape) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    edge_cataract::Scan<Grey> scan;
    scan.rows = std::stoul(shape[0]);
    scan.columns = std::stoul(shape[1]);
    scan.white = static_cast<unsigned>(std::stoul(shape[2]));
    scan.pixels.resize(bytes.size() / sizeof(Grey));
    std::copy_n(bytes.data(), scan.pixels.size() * sizeof(Grey), reinterpret_cast<char *>(scan.pixels.data()));
    return scan;
}

void tell(const edge_cataract::Answer &answer) {
    static constexpr const char *DECISIONS[] = {"ungradable", "clear", "cataract"};
    std::cout << answer.lens_px << ' ' << answer.cataract_px << ' ' << answer.dropped_px << ' ';
    if (answer.cataract_fraction) std::cout << std::setprecision(17) << *answer.cataract_fraction;
    else std::cout << "none";
    std::cout << ' ' << DECISIONS[answer.decision];
    for (const auto &reason : answer.reasons) std::cout << ' ' << reason;
    std::cout << '\n';
}

} // namespace

int main(int count, char **words) {
    if (count < 11) {
        std::cerr << "usage: LIBRARY PREPARE LOOK CROP NETWORK COUNT ROWS COLUMNS WHITE RAW ...\n";
        return 2;
    }
    int worst = 0;
    try {
        edge_cataract::Analyzer analyzer({words[1], words[2], words[3], words[4], words[5], words[6], 1});
        const bool deep = std::stoul(words[9]) > 255;
        for (int place = 10; place < count; place++) {
            try {
                tell(deep ? analyzer.analyze(read<std::uint16_t>(words[place], words + 7))
                          : analyzer.analyze(read<std::uint8_t>(words[place], words + 7)));
            } catch (const edge_cataract::Error &error) {
                const std::string said = error.what();
                std::cout << said.substr(0, said.find(':')) << '\n';
                worst = error.status();
            }
        }
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return 82;
    }
    return worst;
}
