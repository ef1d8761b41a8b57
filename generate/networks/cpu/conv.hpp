// A convolution, its two gradients, for one CPU core.
//
// Images here have few channels and many pixels, so vectors run along the pixels. A padded plane
// is taken as one long line of numbers: a tap of the kernel is then a constant offset on that
// line, and a convolution becomes out[o][p] = sum of weight[o][i][tap] * in[i][p + offset(tap)],
// with no special case at the end of a row. A stride of 2 splits a plane into four phases, each
// a line of its own. Positions between two rows give numbers that are never used.
//
// Tensors are float32 and contiguous, one image (channels, height, width).

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

namespace conv {

#ifdef __AVX512F__
constexpr int LANES = 16, TILE = 3;  // 8 x 3 sums in 32 registers
#else
constexpr int LANES = 8, TILE = 1;  // 8 x 1 sums in 16 registers
#endif
constexpr int SLACK = TILE * LANES;  // a line may be read and written so far beyond its end

typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
typedef Vector Anywhere __attribute__((aligned(sizeof(float))));  // not on a vector's boundary

inline Vector load(const float* p) { return *reinterpret_cast<const Anywhere*>(p); }
inline void store(float* p, Vector v) { *reinterpret_cast<Anywhere*>(p) = v; }

// Several multiplications take v from its register, where compilers would load it for each.
inline void keep([[maybe_unused]] Vector& v) {
#ifdef __AVX512F__
    asm("" : "+v"(v));
#endif
}

inline float total(Vector v) {
    float sum = 0;
    for (int lane = 0; lane < LANES; ++lane) sum += v[lane];
    return sum;
}

// Rows are short: a call to copy one would take longer than the copy.
inline void copy_row(const float* from, int count, float* to) {
    for (; count >= LANES; count -= LANES, from += LANES, to += LANES) store(to, load(from));
    if (count & 8) std::memcpy(to, from, 8 * sizeof(float)), from += 8, to += 8;
    if (count & 4) std::memcpy(to, from, 4 * sizeof(float)), from += 4, to += 4;
    if (count & 2) std::memcpy(to, from, 2 * sizeof(float)), from += 2, to += 2;
    if (count & 1) *to = *from;
}

inline void put_row(const float* from, int count, float* to, bool add) {
    if (!add) return copy_row(from, count, to);
    for (int j = 0; j < count; ++j) to[j] += from[j];
}

// Two rows in turns.
inline void put_turns(const float* even, const float* odd, int count, float* to, bool add) {
    if (add)
        for (int j = 0; j < count; ++j) to[2 * j] += even[j], to[2 * j + 1] += odd[j];
    else
        for (int j = 0; j < count; ++j) to[2 * j] = even[j], to[2 * j + 1] = odd[j];
}

// How many output channels are computed at once when so many are left.
inline int block_of(int left) { return left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1; }

// Memory that is kept between calls, for each purpose its own.
enum Purpose { IMAGE, GRADIENT, PACKED, RESULT, SUMS, PLANE, CHANGE, PURPOSES };

inline float* scratch(Purpose purpose, size_t floats) {
    static thread_local std::vector<Vector> kept[PURPOSES];
    const size_t vectors = (floats + LANES - 1) / LANES;
    if (kept[purpose].size() < vectors) kept[purpose].resize(vectors);
    return reinterpret_cast<float*>(kept[purpose].data());
}

inline size_t round_up(size_t floats) { return (floats + LANES - 1) / LANES * LANES; }

struct Taps {
    int count = 0;
    int number[9];     // place in the kernel
    size_t offset[9];  // place on the line
};

// A convolution, and where its pixels lie on lines.
struct Convolution {
    int outputs, inputs, kernel, stride, padding;
    int height, width, out_height, out_width;
    int extra;  // rows and columns that a phase of the image has beyond the output's
    int row;    // from one row to the next on any line
    size_t phase_line, image_line, gradient_line;  // floats, slack included
    const float* weight;                           // (outputs, inputs, kernel, kernel)

    Convolution(int outputs, int inputs, int kernel, int stride, int padding, int height,
                int width, const float* weight)
        : outputs(outputs), inputs(inputs), kernel(kernel), stride(stride), padding(padding),
          height(height), width(width), weight(weight) {
        out_height = (height + 2 * padding - kernel) / stride + 1;
        out_width = (width + 2 * padding - kernel) / stride + 1;
        extra = (kernel - 1) / stride;
        row = out_width + extra;
        phase_line = size_t(out_height + extra) * row + extra + SLACK;
        image_line = phase_line * stride * stride;
        // Pixel 0 lies on a vector's boundary.
        gradient_line = round_up(gradient_start() + size_t(out_height + extra) * row + SLACK);
    }

    size_t gradient_start() const { return round_up(extra * row + extra); }
    size_t pixels() const { return size_t(height) * width; }
    size_t taps() const { return size_t(kernel) * kernel; }
    size_t weights() const { return outputs * inputs * taps(); }

    Taps image_taps() const {
        Taps taps;
        for (int y = 0; y < kernel; ++y)
            for (int x = 0; x < kernel; ++x) {
                size_t phase = (y % stride) * stride + x % stride;
                taps.number[taps.count] = y * kernel + x;
                taps.offset[taps.count++] =
                    phase * phase_line + size_t(y / stride) * row + x / stride;
            }
        return taps;
    }

    // The taps through which the output's gradient reaches phase (a, b) of the image.
    Taps gradient_taps(int a, int b) const {
        Taps taps;
        for (int y = a; y < kernel; y += stride)
            for (int x = b; x < kernel; x += stride) {
                taps.number[taps.count] = y * kernel + x;
                taps.offset[taps.count++] =
                    gradient_start() - size_t(y / stride) * row - x / stride;
            }
        return taps;
    }

    // Row i of phase (a, b) holds pixels of row image_row(a, i), none if that is outside.
    int image_row(int a, int i) const { return stride * i + a - padding; }
    bool inside(int y) const { return y >= 0 && y < height; }

    // The columns of phase (., b) that hold pixels.
    struct Columns {
        int first, count;
        int x;  // the first of them in the image; from one to the next it is `stride`
    };
    Columns columns(int b) const {
        const int first = std::max(0, (padding - b + stride - 1) / stride);
        const int last = std::min((width - 1 + padding - b) / stride, row - 1);
        return {first, last - first + 1, stride * first + b - padding};
    }
};

// All channels of an image, planes(0) and so on, with zeros around, as lines.
template <class Planes>
const float* image_lines(const Convolution& c, Planes planes) {
    float* lines = scratch(IMAGE, c.image_line * c.inputs);
    for (int i = 0; i < c.inputs; ++i) {
        const float* image = planes(i);
        for (int phase = 0; phase < c.stride * c.stride; ++phase) {
            const auto columns = c.columns(phase % c.stride);
            float* to = lines + i * c.image_line + phase * c.phase_line;
            float* const end = to + c.phase_line;
            for (int k = 0; k < c.out_height + c.extra; ++k, to += c.row) {
                const int y = c.image_row(phase / c.stride, k);
                if (!c.inside(y)) {
                    std::fill_n(to, c.row, 0.0f);
                    continue;
                }
                const float* from = image + size_t(y) * c.width + columns.x;
                for (int j = 0; j < columns.first; ++j) to[j] = 0;
                float* first = to + columns.first;
                if (c.stride == 1)
                    copy_row(from, columns.count, first);
                else
                    for (int j = 0; j < columns.count; ++j) first[j] = from[2 * j];
                for (int j = columns.first + columns.count; j < c.row; ++j) to[j] = 0;
            }
            std::fill(to, end, 0.0f);
        }
    }
    return lines;
}

// All channels of an output or its gradient as lines: `extra` zeros after each row, rows of
// zeros above and below.
template <class Planes>
const float* gradient_lines(const Convolution& c, Planes planes) {
    float* lines = scratch(GRADIENT, c.gradient_line * c.outputs);
    for (int o = 0; o < c.outputs; ++o) {
        const float* gradient = planes(o);
        float* to = lines + o * c.gradient_line;
        float* const end = to + c.gradient_line;
        to = std::fill_n(to, c.gradient_start(), 0.0f);
        for (int y = 0; y < c.out_height; ++y, gradient += c.out_width, to += c.row) {
            copy_row(gradient, c.out_width, to);
            for (int x = c.out_width; x < c.row; ++x) to[x] = 0;
        }
        std::fill(to, end, 0.0f);
    }
    return lines;
}

template <int OUT, int WIDE>
void convolve_tile(const float* in, size_t line, int channels, const Taps& taps,
                   const float* weight, float* out, size_t out_line) {
    Vector sum[OUT][WIDE] = {};
    for (int i = 0; i < channels; ++i, in += line)
        for (int t = 0; t < taps.count; ++t, weight += OUT) {
            Vector x[WIDE];
            for (int j = 0; j < WIDE; ++j) x[j] = load(in + taps.offset[t] + j * LANES);
            for (int o = 0; o < OUT; ++o)
                for (int j = 0; j < WIDE; ++j) sum[o][j] += weight[o] * x[j];
        }
    for (int o = 0; o < OUT; ++o)
        for (int j = 0; j < WIDE; ++j) store(out + o * out_line + j * LANES, sum[o][j]);
}

template <int OUT>
void convolve_block(bool wide, const float* in, size_t line, int channels, const Taps& taps,
                    const float* weight, float* out, size_t out_line) {
    if (wide)
        convolve_tile<OUT, TILE>(in, line, channels, taps, weight, out, out_line);
    else
        convolve_tile<OUT, 1>(in, line, channels, taps, weight, out, out_line);
}

// out[o][p] = sum of weight(o, i, t) * in[i][p + offset[t]], where weight(o, i, t) lies at
// weight[o * from + i * to + number[t]].
inline void convolve(const float* in, size_t line, int channels, const Taps& taps,
                     const float* weight, size_t from, size_t to, float* out, size_t out_line,
                     int outputs, int positions) {
    float* packed = scratch(PACKED, size_t(outputs) * channels * taps.count);
    float* next = packed;
    for (int o = 0, block; o < outputs; o += block) {
        block = block_of(outputs - o);
        for (int i = 0; i < channels; ++i)
            for (int t = 0; t < taps.count; ++t)
                for (int k = 0; k < block; ++k)
                    *next++ = weight[(o + k) * from + i * to + taps.number[t]];
    }
    for (int p = 0; p < positions;) {
        bool wide = positions - p > LANES;
        const float* w = packed;
        for (int o = 0, block; o < outputs; o += block) {
            block = block_of(outputs - o);
            auto run = block == 8   ? convolve_block<8>
                       : block == 4 ? convolve_block<4>
                       : block == 2 ? convolve_block<2>
                                    : convolve_block<1>;
            run(wide, in + p, line, channels, taps, w, out + o * out_line + p, out_line);
            w += size_t(block) * channels * taps.count;
        }
        p += (wide ? TILE : 1) * LANES;
    }
}

// The output, from the image's lines; with `add`, on top of what is there.
inline void forward(const Convolution& c, const float* image, float* output, bool add) {
    int positions = c.out_height * c.row;
    size_t line = positions + SLACK;
    float* lines = scratch(RESULT, line * c.outputs);
    convolve(image, c.image_line, c.inputs, c.image_taps(), c.weight, c.inputs * c.taps(),
             c.taps(), lines, line, c.outputs, positions);
    for (int o = 0; o < c.outputs; ++o)
        for (int y = 0; y < c.out_height; ++y, output += c.out_width)
            put_row(lines + o * line + size_t(y) * c.row, c.out_width, output, add);
}

// The image's gradient, from the lines of the output's; likewise. The image's sides are multiples
// of the stride.
inline void backward(const Convolution& c, const float* gradient, float* image, bool add) {
    const int positions = (c.out_height + c.extra) * c.row;
    const size_t line = positions + SLACK;
    float* lines = scratch(RESULT, line * c.inputs * c.stride);
    for (int a = 0; a < c.stride; ++a) {
        const float* column[2];  // where columns 0 and 1 of the image begin on the lines
        for (int b = 0; b < c.stride; ++b) {
            float* to = lines + b * line * c.inputs;
            convolve(gradient, c.gradient_line, c.outputs, c.gradient_taps(a, b), c.weight,
                     c.taps(), c.inputs * c.taps(), to, line, c.inputs, positions);
            column[c.columns(b).x] = to + c.columns(b).first;
        }
        for (int i = 0; i < c.inputs; ++i)
            for (int k = 0; k < c.out_height + c.extra; ++k) {
                const int y = c.image_row(a, k), count = c.width / c.stride;
                if (!c.inside(y)) continue;
                const size_t at = i * line + size_t(k) * c.row;
                float* to = image + i * c.pixels() + size_t(y) * c.width;
                if (c.stride == 2)
                    put_turns(column[0] + at, column[1] + at, count, to, add);
                else
                    put_row(column[0] + at, count, to, add);
            }
    }
}

// The gradient of the weights, summed over images lane by lane.
struct WeightGradient {
    static constexpr int CHUNK = 64 * LANES;  // keeps a block of lines in the first cache

    const Convolution& c;
    Taps taps;
    float* sums;

    explicit WeightGradient(const Convolution& c) : c(c), taps(c.image_taps()) {
        sums = scratch(SUMS, c.weights() * LANES);
        std::fill_n(sums, c.weights() * LANES, 0.0f);
    }

    // sums(o, i, t) += gradient[o][p] * image[i][p + offset[t]] over all p.
    void add(const float* image, const float* gradient) {
        gradient += c.gradient_start();
        int positions = c.out_height * c.row;
        for (int p = 0; p < positions; p += CHUNK) {
            int count = std::min(CHUNK, positions - p);
            each_block([&](int o, int block, int i, int t, float* sum) {
                const float* d = gradient + o * c.gradient_line + p;
                const float* x = image + i * c.image_line + p;
                if (together() == 3)
                    run<3>(block, d, x, t, sum, count);
                else
                    run<1>(block, d, x, t, sum, count);
            });
        }
    }

    void finish(float* weight) const {
        each_block([&](int o, int block, int i, int t, const float* sum) {
            for (int k = 0; k < block; ++k)
                for (int s = 0; s < together(); ++s, sum += LANES)
                    weight[((o + k) * c.inputs + i) * c.taps() + t + s] = total(load(sum));
        });
    }

   private:
    int together() const { return taps.count % 3 == 0 ? 3 : 1; }

    template <class Function>
    void each_block(Function f) const {
        float* sum = sums;
        for (int o = 0, block; o < c.outputs; o += block) {
            block = block_of(c.outputs - o);
            for (int i = 0; i < c.inputs; ++i)
                for (int t = 0; t < taps.count; t += together()) {
                    f(o, block, i, t, sum);
                    sum += block * together() * LANES;
                }
        }
    }

    template <int TAPS>
    void run(int block, const float* d, const float* x, int t, float* sum, int count) {
        auto tile = block == 8   ? &WeightGradient::tile<8, TAPS>
                    : block == 4 ? &WeightGradient::tile<4, TAPS>
                    : block == 2 ? &WeightGradient::tile<2, TAPS>
                                 : &WeightGradient::tile<1, TAPS>;
        (this->*tile)(d, x, t, sum, count);
    }

    template <int OUT, int TAPS>
    void tile(const float* d, const float* x, int t, float* sums, int count) {
        Vector sum[OUT][TAPS];
        for (int o = 0; o < OUT; ++o)
            for (int s = 0; s < TAPS; ++s) sum[o][s] = load(sums + (o * TAPS + s) * LANES);
        for (int p = 0; p < count; p += LANES) {
            Vector in[TAPS];
            for (int s = 0; s < TAPS; ++s) in[s] = load(x + taps.offset[t + s] + p);
            for (int o = 0; o < OUT; ++o) {
                Vector out = load(d + o * c.gradient_line + p);
                keep(out);
                for (int s = 0; s < TAPS; ++s) sum[o][s] += out * in[s];
            }
        }
        for (int o = 0; o < OUT; ++o)
            for (int s = 0; s < TAPS; ++s) store(sums + (o * TAPS + s) * LANES, sum[o][s]);
    }
};

}  // namespace conv
