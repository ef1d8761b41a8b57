// A whole network, forward and backward, for one CPU core: the nodes of the graph in order, all
// values in one piece of memory. A network of this size then stays in the second cache.
//
// Python lays out the nodes (see `__init__.py`); nothing here allocates, but for scratch memory.
// Tensors are float32, contiguous, (images, channels, height, width), as torch has them.

#include <algorithm>
#include <cmath>
#include <vector>

#include "conv.hpp"

extern "C" {

enum Op { INPUT, CONV, TRANSPOSED, NEAREST, BILINEAR, CONCAT, OUTPUT };

// One node. Offsets are in floats: of weights (then gamma and beta, or a bias), into the
// parameters; of running mean and variance; of its value, the gradient of it, and the value
// before batch normalisation with four numbers per channel, into the memory. The value and its
// gradient are `step` floats further for the next image.
struct Node {
    int op, kernel, stride, padding;
    int channels, height, width;
    int first_input, inputs;
    size_t weights, running, value, gradient, step, raw;
};

struct Network {
    const Node* nodes;
    int count;
    const int* inputs;  // numbers of nodes, those of node i from first_input on
    const int* adds;    // whether the gradient for such an input is added to one already there
    int images;
    float eps, slope;
};

}  // extern "C"

namespace {

using conv::Convolution;

// Batch normalisation with LeakyReLU of one channel. The planes of an image's channels lie one
// after the other; `step` floats further lies the next image.
struct Channel {
    size_t pixels;
    float gamma, beta, slope;

    static float sum(const float* y, size_t pixels) {
        float part = 0;
        for (size_t p = 0; p < pixels; ++p) part += y[p];
        return part;
    }

    // Of squared distances to the mean.
    float squares(const float* y, float mean) const {
        float part = 0;
        for (size_t p = 0; p < pixels; ++p) {
            float d = y[p] - mean;
            part += d * d;
        }
        return part;
    }

    void forward(const float* y, float mean, float inverse, float* z) const {
        const float scale = gamma * inverse;
        for (size_t p = 0; p < pixels; ++p) {
            float t = scale * (y[p] - mean) + beta;
            z[p] = t > 0 ? t : slope * t;
        }
    }

    // Add to the gradients of beta and, but for `inverse`, gamma.
    void sums(const float* dz, const float* y, float mean, float inverse, double* first,
              double* second) const {
        const float scale = gamma * inverse;
        float sum = 0, product = 0;
        for (size_t p = 0; p < pixels; ++p) {
            float v = y[p] - mean, d = dz[p];
            d = scale * v + beta > 0 ? d : slope * d;
            sum += d;
            product += d * v;
        }
        *first += sum;
        *second += product;
    }

    // Every value moves mean and variance, of which `a` and `b` are the gradients.
    void backward(const float* dz, const float* y, float mean, float inverse, float a, float b,
                  float* dy) const {
        const float scale = gamma * inverse;
        for (size_t p = 0; p < pixels; ++p) {
            float v = y[p] - mean, d = dz[p];
            d = scale * v + beta > 0 ? d : slope * d;
            dy[p] = scale * (d - a - v * b);
        }
    }
};

// A node while it runs.
struct Step {
    const Network& net;
    const Node& node;
    const float* parameters;
    const float* x;
    float* memory;

    const Node& input(int k = 0) const {
        return net.nodes[net.inputs[node.first_input + k]];
    }
    const float* value(const Node& of, int n) const {
        return (of.op == INPUT ? x : memory + of.value) + n * of.step;
    }
    float* value(int n) const { return memory + node.value + n * node.step; }
    float* gradient(int n) const { return memory + node.gradient + n * node.step; }
    size_t pixels() const { return size_t(node.height) * node.width; }
    size_t size() const { return node.channels * pixels(); }

    Convolution convolution() const {
        const float* weight = parameters + node.weights;
        if (node.op == TRANSPOSED)  // the gradient of a convolution from the result to the input
            return {input().channels, node.channels, node.kernel, node.stride, 0,
                    node.height,      node.width,    weight};
        return {node.channels,  input().channels, node.kernel, node.stride, node.padding,
                input().height, input().width,    weight};
    }

    Channel channel(const Convolution& c, int k) const {
        const float* gamma = parameters + node.weights + c.weights() + k;
        return {pixels(), gamma[0], gamma[node.channels], net.slope};
    }
    float* raw(int n, int k = 0) const {
        return memory + node.raw + n * size() + k * pixels();
    }
    // Four rows, each with a number for each channel.
    float* statistic(int row) const { return raw(net.images) + row * node.channels; }
    enum { MEAN, INVERSE, A, B };

    void layer(float* running, float momentum) const {
        const Convolution c = convolution();
        std::vector<double> sums(node.channels);
        for (int n = 0; n < net.images; ++n) {
            const float* given = value(input(), n);
            if (node.op == TRANSPOSED)
                conv::backward(c, conv::gradient_lines(c, given), raw(n));
            else
                conv::forward(c, conv::image_lines(c, given), raw(n));
            for (int k = 0; momentum > 0 && k < node.channels; ++k)  // while it is in a cache
                sums[k] += Channel::sum(raw(n, k), pixels());
        }
        const double count = double(net.images) * pixels();
        for (int k = 0; k < node.channels; ++k) {
            const Channel one = channel(c, k);
            float* mean = running + node.running + k;
            float* variance = mean + node.channels;
            float used[2] = {*mean, *variance};
            if (momentum > 0) {
                used[0] = float(sums[k] / count);
                double squares = 0;
                for (int n = 0; n < net.images; ++n) squares += one.squares(raw(n, k), used[0]);
                used[1] = float(squares / count);
                *mean += momentum * (used[0] - *mean);
                *variance += momentum * (used[1] * float(count) / (float(count) - 1) - *variance);
            }
            const float inverse = 1 / std::sqrt(used[1] + net.eps);
            for (int n = 0; n < net.images; ++n)
                one.forward(raw(n, k), used[0], inverse, value(n) + k * pixels());
            statistic(MEAN)[k] = used[0];
            statistic(INVERSE)[k] = inverse;
        }
    }

    void layer_backward(float* dx, bool add, float* changes) const {
        const Convolution c = convolution();
        float* dweight = changes + node.weights;
        const double count = double(net.images) * pixels();
        for (int k = 0; k < node.channels; ++k) {
            const float inverse = statistic(INVERSE)[k];
            double first = 0, second = 0;
            for (int n = 0; n < net.images; ++n)
                channel(c, k).sums(gradient(n) + k * pixels(), raw(n, k), statistic(MEAN)[k],
                                   inverse, &first, &second);
            second *= inverse;
            dweight[c.weights() + k] = float(second);
            dweight[c.weights() + node.channels + k] = float(first);
            statistic(A)[k] = float(first / count);
            statistic(B)[k] = float(second / count) * inverse;
        }
        conv::WeightGradient sums(c);
        float* dy = conv::scratch(conv::CHANGE, size());
        for (int n = 0; n < net.images; ++n) {
            for (int k = 0; k < node.channels; ++k)
                channel(c, k).backward(gradient(n) + k * pixels(), raw(n, k), statistic(MEAN)[k],
                                       statistic(INVERSE)[k], statistic(A)[k], statistic(B)[k],
                                       dy + k * pixels());
            const float* given = value(input(), n);
            const bool swapped = node.op == TRANSPOSED;
            const float* image = conv::image_lines(c, swapped ? dy : given);
            const float* gradient = conv::gradient_lines(c, swapped ? given : dy);
            sums.add(image, gradient);
            if (dx == nullptr) continue;
            const size_t in = input().channels * size_t(input().height) * input().width;
            float* dx_n = dx + n * input().step;
            float* to = add ? conv::scratch(conv::ADDED, in) : dx_n;
            if (swapped)
                conv::forward(c, image, to);
            else
                conv::backward(c, gradient, to);
            if (add)
                for (size_t p = 0; p < in; ++p) dx_n[p] += to[p];
        }
        sums.finish(dweight);
    }

    // Two rows of the smaller plane, and their shares, that make row y of the larger.
    struct Rows {
        int near, far;
        float share;
    };
    Rows rows(int y) const {
        if (node.op == NEAREST) return {y / 2, y / 2, 1.0f};
        int near = y / 2, far = std::clamp(y % 2 ? near + 1 : near - 1, 0, node.height / 2 - 1);
        return {near, far, 0.75f};
    }

    void up() const {
        const int height = node.height / 2, width = node.width / 2;
        const float share = node.op == NEAREST ? 1.0f : 0.75f;
        float* blend = conv::scratch(conv::RESULT, width + 2) + 1;
        for (int n = 0; n < net.images; ++n) {
            const float* from = value(input(), n);
            float* to = value(n);
            for (int k = 0; k < node.channels; ++k, from += height * width)
                for (int y = 0; y < node.height; ++y, to += node.width) {
                    const Rows r = rows(y);
                    const float *near = from + r.near * width, *far = from + r.far * width;
                    for (int j = 0; j < width; ++j)
                        blend[j] = share * near[j] + (1 - share) * far[j];
                    blend[-1] = blend[0];
                    blend[width] = blend[width - 1];
                    for (int j = 0; j < width; ++j) {
                        to[2 * j] = share * blend[j] + (1 - share) * blend[j - 1];
                        to[2 * j + 1] = share * blend[j] + (1 - share) * blend[j + 1];
                    }
                }
        }
    }

    void up_backward(float* dx, bool add) const {
        const int height = node.height / 2, width = node.width / 2;
        const float share = node.op == NEAREST ? 1.0f : 0.75f;
        // Row of the gradient with a border of zeros, and what of it goes to each column.
        float* row = conv::scratch(conv::RESULT, node.width + 2) + 1;
        float* sum = conv::scratch(conv::PACKED, width);
        row[-1] = row[node.width] = 0;
        for (int n = 0; n < net.images; ++n) {
            const float* from = gradient(n);
            float* to = dx + n * input().step;
            if (!add) std::fill_n(to, node.channels * height * width, 0.0f);
            for (int k = 0; k < node.channels; ++k, to += height * width)
                for (int y = 0; y < node.height; ++y, from += node.width) {
                    std::copy_n(from, node.width, row);
                    for (int j = 0; j < width; ++j)
                        sum[j] = share * (row[2 * j] + row[2 * j + 1]) +
                                 (1 - share) * (row[2 * j - 1] + row[2 * j + 2]);
                    sum[0] += (1 - share) * row[0];
                    sum[width - 1] += (1 - share) * row[node.width - 1];
                    const Rows r = rows(y);
                    float *near = to + r.near * width, *far = to + r.far * width;
                    for (int j = 0; j < width; ++j) near[j] += share * sum[j];
                    for (int j = 0; j < width; ++j) far[j] += (1 - share) * sum[j];
                }
        }
    }

    // Copy each input to its channels, or its channels of the gradient back to each input, unless
    // that is where it lies.
    void concat(const int* adds, bool backward) const {
        size_t at = 0;
        for (int k = 0; k < node.inputs; ++k) {
            const Node& part = input(k);
            const size_t length = part.channels * pixels();
            for (int n = 0; n < net.images; ++n) {
                const float* from = backward ? gradient(n) + at : value(part, n);
                float* to = backward ? memory + part.gradient + n * part.step : value(n) + at;
                if (from == to || (backward && part.op == INPUT)) continue;
                if (backward && adds[k])
                    for (size_t p = 0; p < length; ++p) to[p] += from[p];
                else
                    std::copy_n(from, length, to);
            }
            at += length;
        }
    }

    // One number per pixel in [0, 1]: a 1x1 convolution with bias, then the sigmoid.
    void output() const {
        const int channels = input().channels;
        const float* weight = parameters + node.weights;
        for (int n = 0; n < net.images; ++n) {
            const float* from = value(input(), n);
            float* to = value(n);
            std::fill_n(to, pixels(), weight[channels]);
            for (int i = 0; i < channels; ++i)
                for (size_t p = 0; p < pixels(); ++p) to[p] += weight[i] * from[i * pixels() + p];
            for (size_t p = 0; p < pixels(); ++p) to[p] = 1 / (1 + std::exp(-to[p]));
        }
    }

    void output_backward(float* dx, bool add, float* changes) const {
        const int channels = input().channels;
        const float* weight = parameters + node.weights;
        float* dweight = changes + node.weights;
        std::fill_n(dweight, channels + 1, 0.0f);
        for (int n = 0; n < net.images; ++n) {
            const float* from = value(input(), n);
            const float* out = value(n);
            float* change = gradient(n);
            float bias = 0;
            for (size_t p = 0; p < pixels(); ++p) {
                change[p] *= out[p] * (1 - out[p]);
                bias += change[p];
            }
            dweight[channels] += bias;
            for (int i = 0; i < channels; ++i) {
                const float* plane = from + i * pixels();
                float sum = 0;
                for (size_t p = 0; p < pixels(); ++p) sum += change[p] * plane[p];
                dweight[i] += sum;
                if (dx == nullptr) continue;
                float* to = dx + n * input().step + i * pixels();
                for (size_t p = 0; p < pixels(); ++p)
                    to[p] = (add ? to[p] : 0) + weight[i] * change[p];
            }
        }
    }
};

}  // namespace

extern "C" {

// All values from the input x. With momentum, batch normalisation takes the images' own
// statistics and moves the running ones; without, it takes the running ones.
void network_forward(const Network* net, const float* parameters, float* running, float momentum,
                     const float* x, float* memory) {
    for (int i = 0; i < net->count; ++i) {
        const Step step{*net, net->nodes[i], parameters, x, memory};
        switch (step.node.op) {
            case INPUT: break;
            case NEAREST:
            case BILINEAR: step.up(); break;
            case CONCAT: step.concat(nullptr, false); break;
            case OUTPUT: step.output(); break;
            default: step.layer(running, momentum);
        }
    }
}

// The gradients of all parameters, once the output's lies in its place in the memory.
void network_backward(const Network* net, const float* parameters, const float* x, float* memory,
                      float* changes) {
    for (int i = net->count - 1; i >= 0; --i) {
        const Step step{*net, net->nodes[i], parameters, x, memory};
        const Node& node = step.node;
        if (node.op == INPUT) continue;  // it may stand anywhere
        const int* adds = net->adds + node.first_input;
        float* dx = step.input().op == INPUT ? nullptr : memory + step.input().gradient;
        switch (node.op) {
            case NEAREST:
            case BILINEAR:
                if (dx != nullptr) step.up_backward(dx, *adds);
                break;
            case CONCAT: step.concat(adds, true); break;
            case OUTPUT: step.output_backward(dx, *adds, changes); break;
            default: step.layer_backward(dx, *adds, changes);
        }
    }
}

}  // extern "C"
