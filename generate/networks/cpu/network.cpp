// A whole network, forward and backward, for one CPU core: the nodes of the graph in order, all
// values in one piece of memory. A network of this size then stays in the second cache.
//
// Python lays out the nodes (see `program.py`); nothing here allocates but scratch memory and a few
// numbers per channel.
// Tensors are float32, (images, channels, height, width), each image contiguous.
//
// A layer stores its values as they are before batch normalisation and LeakyReLU; whoever reads
// them applies both. So they go through memory once, and the gradient finds what it needs.

#include <algorithm>
#include <cmath>
#include <vector>

#include "conv.hpp"

extern "C" {

enum Op { INPUT, CONV, TRANSPOSED, NEAREST, BILINEAR, CONCAT, OUTPUT };

// One node. Offsets are in floats: of weights (then gamma and beta, or a bias), into the
// parameters; of running mean and variance; of what it stores, the gradient of its values, and
// a Norm for each channel, into the memory. What it stores and the gradient are `step` floats
// further for the next image.
struct Node {
    int op, kernel, stride, padding;
    int channels, height, width;
    int first_input, inputs;
    size_t weights, running, stored, gradient, step, norms;
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

float sum(const float* y, size_t pixels) {
    float part = 0;
    for (size_t p = 0; p < pixels; ++p) part += y[p];
    return part;
}

// Of squared distances to the mean.
float squares(const float* y, size_t pixels, float mean) {
    float part = 0;
    for (size_t p = 0; p < pixels; ++p) {
        float d = y[p] - mean;
        part += d * d;
    }
    return part;
}

// Batch normalisation and LeakyReLU of one channel: from what is stored, y, to the values, z.
// Use a copy of one: its loops run in vectors only where what they write cannot be part of it.
struct Norm {
    float mean, inverse, gamma, beta, slope;

    // The values of a plane: y itself where it is to stay as it is, or else in `room`.
    const float* read(const float* y, size_t pixels, float* room) const {
        if (slope == 1) return y;
        const float scale = gamma * inverse;
        for (size_t p = 0; p < pixels; ++p) {
            float t = scale * (y[p] - mean) + beta;
            room[p] = t > 0 ? t : slope * t;
        }
        return room;
    }

    // Add to the gradients of beta and, but for `inverse`, gamma.
    void sums(const float* dz, const float* y, size_t pixels, double* first,
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

    // Every y also moves the mean and the variance; `a` and `b` are what that takes away.
    void backward(const float* dz, const float* y, size_t pixels, float a, float b,
                  float* dy) const {
        const float scale = gamma * inverse;
        for (size_t p = 0; p < pixels; ++p) {
            float v = y[p] - mean, d = dz[p];
            d = scale * v + beta > 0 ? d : slope * d;
            dy[p] = scale * (d - a - v * b);
        }
    }
};
const Norm NONE{0, 1, 1, 0, 1};
static_assert(sizeof(Norm) == 5 * sizeof(float));  // as in program.py

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
    static size_t pixels(const Node& of) { return size_t(of.height) * of.width; }
    size_t pixels() const { return pixels(node); }

    const float* stored(const Node& of, int n, int k = 0) const {
        return (of.op == INPUT ? x : memory + of.stored) + n * of.step + k * pixels(of);
    }
    float* stored(int n, int k = 0) const {
        return memory + node.stored + n * node.step + k * pixels();
    }
    float* gradient(const Node& of, int n, int k = 0) const {
        return memory + of.gradient + n * of.step + k * pixels(of);
    }
    float* gradient(int n, int k = 0) const { return gradient(node, n, k); }
    bool passes_on() const { return input().op != INPUT; }  // the network's input needs none
    Norm* norms(const Node& of) const { return reinterpret_cast<Norm*>(memory + of.norms); }
    Norm* norms() const { return norms(node); }

    // Plane k of image n of the input, until the next is asked for.
    const float* given(int n, int k) const {
        const Node& of = input();
        const Norm norm = norms(of)[k];
        return norm.read(stored(of, n, k), pixels(of), conv::scratch(conv::PLANE, pixels(of)));
    }

    void no_norm() const { std::fill_n(norms(), node.channels, NONE); }

    Convolution convolution() const {
        const float* weight = parameters + node.weights;
        if (node.op == TRANSPOSED)  // the gradient of a convolution from the result to the input
            return {input().channels, node.channels, node.kernel, node.stride, 0,
                    node.height,      node.width,    weight};
        return {node.channels,  input().channels, node.kernel, node.stride, node.padding,
                input().height, input().width,    weight};
    }

    void layer(float* running, float momentum) const {
        const Convolution c = convolution();
        const double count = double(net.images) * pixels();
        std::vector<double> total(node.channels);
        for (int n = 0; n < net.images; ++n) {
            const auto planes = [&](int k) { return given(n, k); };
            if (node.op == TRANSPOSED)
                conv::backward(c, conv::gradient_lines(c, planes), stored(n), false);
            else
                conv::forward(c, conv::image_lines(c, planes), stored(n), false);
            for (int k = 0; momentum > 0 && k < node.channels; ++k)  // while it is in a cache
                total[k] += sum(stored(n, k), pixels());
        }
        for (int k = 0; k < node.channels; ++k) {
            float* mean = running + node.running + k;
            float* variance = mean + node.channels;
            float used[2] = {*mean, *variance};
            if (momentum > 0) {
                used[0] = float(total[k] / count);
                double spread = 0;
                for (int n = 0; n < net.images; ++n)
                    spread += squares(stored(n, k), pixels(), used[0]);
                used[1] = float(spread / count);
                *mean += momentum * (used[0] - *mean);
                *variance += momentum * (used[1] * float(count) / (float(count) - 1) - *variance);
            }
            const float* gamma = parameters + node.weights + c.weights() + k;
            norms()[k] = {used[0], 1 / std::sqrt(used[1] + net.eps), gamma[0],
                          gamma[node.channels], net.slope};
        }
    }

    void layer_backward(bool add, float* changes) const {
        const Convolution c = convolution();
        float* dweight = changes + node.weights;
        const double count = double(net.images) * pixels();
        std::vector<float> a(node.channels), b(node.channels);
        for (int k = 0; k < node.channels; ++k) {
            const Norm norm = norms()[k];
            double first = 0, second = 0;
            for (int n = 0; n < net.images; ++n)
                norm.sums(gradient(n, k), stored(n, k), pixels(), &first, &second);
            second *= norm.inverse;
            dweight[c.weights() + k] = float(second);
            dweight[c.weights() + node.channels + k] = float(first);
            a[k] = float(first / count);
            b[k] = float(second / count) * norm.inverse;
        }
        conv::WeightGradient sums(c);
        float* dy = conv::scratch(conv::CHANGE, pixels());
        for (int n = 0; n < net.images; ++n) {
            const auto planes = [&](int k) { return given(n, k); };
            const auto dys = [&](int k) {
                const Norm norm = norms()[k];
                norm.backward(gradient(n, k), stored(n, k), pixels(), a[k], b[k], dy);
                return dy;
            };
            const bool swapped = node.op == TRANSPOSED;
            const float* image = swapped ? conv::image_lines(c, dys) : conv::image_lines(c, planes);
            const float* change =
                swapped ? conv::gradient_lines(c, planes) : conv::gradient_lines(c, dys);
            sums.add(image, change);
            if (!passes_on()) continue;
            if (swapped)
                conv::forward(c, image, gradient(input(), n), add);
            else
                conv::backward(c, change, gradient(input(), n), add);
        }
        sums.finish(dweight);
    }

    // Two rows of the smaller plane make row y of the larger, and so with columns. The share is
    // that of the near one.
    float near_share() const { return node.op == NEAREST ? 1.0f : 0.75f; }
    struct Rows {
        int near, far;
    };
    Rows rows(int y) const {
        int near = y / 2, far = std::clamp(y % 2 ? near + 1 : near - 1, 0, node.height / 2 - 1);
        return {near, node.op == NEAREST ? near : far};
    }

    void up() const {
        const int width = node.width / 2;
        const float share = near_share();
        float* blend = conv::scratch(conv::RESULT, width + 2) + 1;
        for (int n = 0; n < net.images; ++n)
            for (int k = 0; k < node.channels; ++k) {
                const float* from = given(n, k);
                float* to = stored(n, k);
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
        no_norm();
    }

    void up_backward(bool add) const {
        if (!passes_on()) return;
        const int height = node.height / 2, width = node.width / 2;
        const float share = near_share();
        // Row of the gradient with a border of zeros, and what of it goes to each column.
        float* row = conv::scratch(conv::RESULT, node.width + 2) + 1;
        float* sum = conv::scratch(conv::PACKED, width);
        row[-1] = row[node.width] = 0;
        for (int n = 0; n < net.images; ++n) {
            const float* from = gradient(n);
            float* to = gradient(input(), n);
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

    // Copy what each input stores to its channels, and the norms, unless it lies there.
    void concat() const {
        size_t first = 0;
        for (int k = 0; k < node.inputs; first += input(k++).channels) {
            const Node& part = input(k);
            if (norms(part) == norms() + first) continue;
            for (int n = 0; n < net.images; ++n)
                std::copy_n(stored(part, n), part.channels * pixels(), stored(n, first));
            std::copy_n(norms(part), part.channels, norms() + first);
        }
    }

    // The gradient of its channels back to each input.
    void concat_backward(const int* adds) const {
        size_t first = 0;
        for (int k = 0; k < node.inputs; first += input(k++).channels) {
            const Node& part = input(k);
            if (part.op == INPUT) continue;
            for (int n = 0; n < net.images; ++n) {
                const float* from = gradient(n, first);
                float* to = gradient(part, n);
                const size_t length = part.channels * pixels();
                if (adds[k])
                    for (size_t p = 0; p < length; ++p) to[p] += from[p];
                else if (from != to)
                    std::copy_n(from, length, to);
            }
        }
    }

    // One number per pixel in [0, 1]: a 1x1 convolution with bias, then the sigmoid.
    void output() const {
        const int channels = input().channels;
        const float* weight = parameters + node.weights;
        for (int n = 0; n < net.images; ++n) {
            float* to = stored(n);
            std::fill_n(to, pixels(), weight[channels]);
            for (int i = 0; i < channels; ++i) {
                const float* plane = given(n, i);
                for (size_t p = 0; p < pixels(); ++p) to[p] += weight[i] * plane[p];
            }
            for (size_t p = 0; p < pixels(); ++p) to[p] = 1 / (1 + std::exp(-to[p]));
        }
    }

    void output_backward(float* changes) const {
        const int channels = input().channels;
        const float* weight = parameters + node.weights;
        float* dweight = changes + node.weights;
        std::fill_n(dweight, channels + 1, 0.0f);
        for (int n = 0; n < net.images; ++n) {
            const float* out = stored(n);
            float* change = gradient(n);
            float bias = 0;
            for (size_t p = 0; p < pixels(); ++p) {
                change[p] *= out[p] * (1 - out[p]);
                bias += change[p];
            }
            dweight[channels] += bias;
            for (int i = 0; i < channels; ++i) {
                const float* plane = given(n, i);
                float sum = 0;
                for (size_t p = 0; p < pixels(); ++p) sum += change[p] * plane[p];
                dweight[i] += sum;
                if (!passes_on()) continue;
                float* to = gradient(input(), n, i);  // nothing is there yet
                for (size_t p = 0; p < pixels(); ++p) to[p] = weight[i] * change[p];
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
            case INPUT: step.no_norm(); break;
            case NEAREST:
            case BILINEAR: step.up(); break;
            case CONCAT: step.concat(); break;
            case OUTPUT: step.output(); break;
            default: step.layer(running, momentum);
        }
    }
}

// The gradients of all parameters, once the output's lies in its place in the memory.
void network_backward(const Network* net, const float* parameters, const float* x, float* memory,
                      float* changes) {
    for (int i = net->count - 1; i > 0; --i) {
        const Step step{*net, net->nodes[i], parameters, x, memory};
        const int* adds = net->adds + step.node.first_input;
        switch (step.node.op) {
            case NEAREST:
            case BILINEAR: step.up_backward(*adds); break;
            case CONCAT: step.concat_backward(adds); break;
            case OUTPUT: step.output_backward(changes); break;
            default: step.layer_backward(*adds, changes);
        }
    }
}

}  // extern "C"
