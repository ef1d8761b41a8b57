// A whole network, forward and backward, for one CPU core: the nodes of the graph in order, all
// values in one piece of memory. A network of this size then stays in the second cache.
//
// Python lays out the nodes (see `__init__.py`); nothing here allocates, but for scratch memory.
// Tensors are float32, contiguous, (images, channels, height, width), as torch has them.

#include <algorithm>
#include <cmath>

#include "conv.hpp"

extern "C" {

enum Op { INPUT, CONV, TRANSPOSED, NEAREST, BILINEAR, CONCAT, OUTPUT };

// One node. Offsets are in floats: of weights (then gamma and beta, or a bias), into the
// parameters; of running mean and variance; of its value, the gradient of it, and the value
// before batch normalisation with mean and inverse deviation, into the memory.
struct Node {
    int op, kernel, stride, padding;
    int channels, height, width;
    int first_input, inputs;
    size_t weights, running, value, gradient, raw;
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

// Batch normalisation with LeakyReLU of one channel: planes of `pixels`, `step` floats apart.
struct Channel {
    int images;
    size_t pixels, step;
    float gamma, beta, slope;

    // Mean and biased variance of y.
    void measure(const float* y, float* mean, float* variance) const {
        double sum = 0, squares = 0, count = double(images) * pixels;
        for (int n = 0; n < images; ++n) {
            float part = 0;
            for (size_t p = 0; p < pixels; ++p) part += y[n * step + p];
            sum += part;
        }
        const float centre = float(sum / count);
        for (int n = 0; n < images; ++n) {
            float part = 0;
            for (size_t p = 0; p < pixels; ++p) {
                float d = y[n * step + p] - centre;
                part += d * d;
            }
            squares += part;
        }
        *mean = centre;
        *variance = float(squares / count);
    }

    void forward(const float* y, float mean, float inverse, float* z) const {
        const float scale = gamma * inverse;
        for (int n = 0; n < images; ++n)
            for (size_t p = 0; p < pixels; ++p) {
                float t = scale * (y[n * step + p] - mean) + beta;
                z[n * step + p] = t > 0 ? t : slope * t;
            }
    }

    void backward(const float* dz, const float* y, float mean, float inverse, float* dy,
                  float* dgamma, float* dbeta) const {
        double first = 0, second = 0, count = double(images) * pixels;
        const float scale = gamma * inverse;
        for (int n = 0; n < images; ++n) {
            float sum = 0, product = 0;
            for (size_t p = 0; p < pixels; ++p) {
                float v = y[n * step + p] - mean, d = dz[n * step + p];
                d = scale * v + beta > 0 ? d : slope * d;
                sum += d;
                product += d * v;
            }
            first += sum;
            second += product;
        }
        second *= inverse;
        *dgamma = float(second);
        *dbeta = float(first);
        const float a = float(first / count), b = float(second / count) * inverse;
        for (int n = 0; n < images; ++n)
            for (size_t p = 0; p < pixels; ++p) {
                float v = y[n * step + p] - mean, d = dz[n * step + p];
                d = scale * v + beta > 0 ? d : slope * d;
                dy[n * step + p] = scale * (d - a - v * b);
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
    const float* value(const Node& of) const { return of.op == INPUT ? x : memory + of.value; }
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
        return {net.images, pixels(), size(), gamma[0], gamma[node.channels], net.slope};
    }
    float* raw() const { return memory + node.raw; }
    float* statistics() const { return raw() + net.images * size(); }

    void layer(float* running, float momentum) const {
        const Convolution c = convolution();
        const size_t in = input().channels * size_t(input().height) * input().width;
        for (int n = 0; n < net.images; ++n) {
            const float* given = value(input()) + n * in;
            if (node.op == TRANSPOSED)
                conv::backward(c, conv::gradient_lines(c, given), raw() + n * size());
            else
                conv::forward(c, conv::image_lines(c, given), raw() + n * size());
        }
        const float count = float(net.images) * pixels();
        for (int k = 0; k < node.channels; ++k) {
            const Channel one = channel(c, k);
            const float* y = raw() + k * pixels();
            float* mean = running + node.running + k;
            float* variance = mean + node.channels;
            float used[2] = {*mean, *variance};
            if (momentum > 0) {
                one.measure(y, used, used + 1);
                *mean += momentum * (used[0] - *mean);
                *variance += momentum * (used[1] * count / (count - 1) - *variance);
            }
            const float inverse = 1 / std::sqrt(used[1] + net.eps);
            one.forward(y, used[0], inverse, memory + node.value + k * pixels());
            statistics()[k] = used[0];
            statistics()[node.channels + k] = inverse;
        }
    }

    void layer_backward(float* dx, bool add, float* changes) const {
        const Convolution c = convolution();
        const size_t in = input().channels * size_t(input().height) * input().width;
        float* dy = memory + node.gradient;  // takes the place of dz
        float* dweight = changes + node.weights;
        for (int k = 0; k < node.channels; ++k) {
            float* dgamma = dweight + c.weights() + k;
            channel(c, k).backward(dy + k * pixels(), raw() + k * pixels(), statistics()[k],
                                   statistics()[node.channels + k], dy + k * pixels(), dgamma,
                                   dgamma + node.channels);
        }
        conv::WeightGradient sums(c);
        for (int n = 0; n < net.images; ++n) {
            const float* given = value(input()) + n * in;
            const float* change = dy + n * size();
            const bool swapped = node.op == TRANSPOSED;
            const float* image = conv::image_lines(c, swapped ? change : given);
            const float* gradient = conv::gradient_lines(c, swapped ? given : change);
            sums.add(image, gradient);
            if (dx == nullptr) continue;
            float* to = add ? conv::scratch(conv::ADDED, in) : dx + n * in;
            if (swapped)
                conv::forward(c, image, to);
            else
                conv::backward(c, gradient, to);
            if (add)
                for (size_t p = 0; p < in; ++p) dx[n * in + p] += to[p];
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
        for (size_t plane = 0; plane < size_t(net.images) * node.channels; ++plane) {
            const float* from = value(input()) + plane * height * width;
            float* to = memory + node.value + plane * pixels();
            for (int y = 0; y < node.height; ++y, to += node.width) {
                const Rows r = rows(y);
                const float *near = from + r.near * width, *far = from + r.far * width;
                for (int j = 0; j < width; ++j) blend[j] = share * near[j] + (1 - share) * far[j];
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
        if (!add) std::fill_n(dx, net.images * node.channels * height * width, 0.0f);
        // Row of the gradient with a border of zeros, and what of it goes to each column.
        float* row = conv::scratch(conv::RESULT, node.width + 2) + 1;
        float* sum = conv::scratch(conv::PACKED, width);
        row[-1] = row[node.width] = 0;
        for (size_t plane = 0; plane < size_t(net.images) * node.channels; ++plane) {
            const float* from = memory + node.gradient + plane * pixels();
            float* to = dx + plane * height * width;
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

    // Copy each input to its channels, or its channels of the gradient back to each input.
    void concat(const int* adds, bool backward) const {
        size_t at = 0;
        for (int k = 0; k < node.inputs; ++k) {
            const Node& part = input(k);
            const size_t length = part.channels * pixels();
            for (int n = 0; n < net.images; ++n)
                if (!backward)
                    std::copy_n(value(part) + n * length, length,
                                memory + node.value + n * size() + at);
                else if (part.op != INPUT) {
                    const float* from = memory + node.gradient + n * size() + at;
                    float* to = memory + part.gradient + n * length;
                    if (adds[k])
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
            const float* from = value(input()) + n * channels * pixels();
            float* to = memory + node.value + n * pixels();
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
            const float* from = value(input()) + n * channels * pixels();
            const float* out = memory + node.value + n * pixels();
            float* change = memory + node.gradient + n * pixels();
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
                float* to = dx + (size_t(n) * channels + i) * pixels();
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
