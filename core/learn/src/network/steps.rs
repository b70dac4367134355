//! The steps of a network: what each node makes of its inputs.

use sluice_events::network::{Activation, Node, Op, Window};
use tch::Tensor;

use super::{Network, key};

impl Network {
    /// The output of a node. Only asked, never trained here: nothing is dropped out.
    pub(super) fn apply(&self, node: &Node, inputs: &[&Tensor]) -> Tensor {
        let x = inputs[0];
        match &node.op {
            Op::Conv2d { window, dilation, groups, bias, .. } => x.conv2d(
                self.tensor(node, "weight"),
                self.parameter(node, "bias").filter(|_| *bias),
                both(window.stride),
                both(window.padding),
                both(*dilation),
                i64::from(*groups),
            ),
            Op::BatchNorm { epsilon } => self.normalise_batch(node, x, f64::from(*epsilon)),
            Op::LayerNorm { epsilon } => self.normalise_layer(node, x, f64::from(*epsilon)),
            Op::Linear { bias, .. } => on_each_vector(x, |x| {
                let added = self.parameter(node, "bias").filter(|_| *bias);
                x.linear(self.tensor(node, "weight"), added)
            }),
            Op::Activation(kind) => activate(*kind, x),
            Op::MaxPool(window) => pool_max(x, *window),
            Op::AvgPool(window) => pool_mean(x, *window),
            Op::AdaptiveAvgPool { height, width } => {
                x.adaptive_avg_pool2d([i64::from(*height), i64::from(*width)])
            }
            Op::Add => inputs[1..].iter().fold(x.shallow_clone(), |sum, other| sum + *other),
            Op::Multiply => {
                inputs[1..].iter().fold(x.shallow_clone(), |product, other| product * *other)
            }
            Op::Concat => Tensor::cat(inputs, 1),
            Op::Flatten => x.flatten(1, -1),
            Op::Dropout { .. } => x.shallow_clone(),
            Op::Tokens => x.flatten(2, -1).transpose(1, 2),
            Op::ClassToken => {
                let token = self.tensors[&node.parameters].expand_as(&x.narrow(1, 0, 1));
                Tensor::cat(&[&token, x], 1)
            }
            Op::PositionEmbedding => x + &self.tensors[&node.parameters],
            Op::SelfAttention { heads } => self.attend(node, x, i64::from(*heads)),
            Op::Token { place } => x.select(1, i64::from(*place)),
            Op::MeanToken => x.mean_dim(1_i64, false, x.kind()),
            Op::Scale => {
                let factors = &self.tensors[&node.parameters];
                if x.dim() == 4 { x * factors.view([1, -1, 1, 1]) } else { x * factors }
            }
        }
    }

    fn parameter(&self, node: &Node, name: &str) -> Option<&Tensor> {
        self.tensors.get(&key(node, name))
    }

    /// Of a parameter that `needed` lists, and so was loaded.
    fn tensor(&self, node: &Node, name: &str) -> &Tensor {
        &self.tensors[&key(node, name)]
    }

    fn normalise_batch(&self, node: &Node, x: &Tensor, epsilon: f64) -> Tensor {
        x.batch_norm(
            self.parameter(node, "weight"),
            self.parameter(node, "bias"),
            self.parameter(node, "running_mean"),
            self.parameter(node, "running_var"),
            false,
            0.1,
            epsilon,
            true,
        )
    }

    fn normalise_layer(&self, node: &Node, x: &Tensor, epsilon: f64) -> Tensor {
        on_each_vector(x, |x| {
            x.layer_norm(
                &x.size()[x.dim() - 1..],
                self.parameter(node, "weight"),
                self.parameter(node, "bias"),
                epsilon,
                true,
            )
        })
    }

    /// Self-attention (Vaswani et al. 2017) over tokens (n, tokens, features).
    fn attend(&self, node: &Node, x: &Tensor, heads: i64) -> Tensor {
        let projected =
            x.linear(self.tensor(node, "in_proj_weight"), self.parameter(node, "in_proj_bias"));
        let by_head = |part: Tensor| {
            let (tokens, features) = (part.size()[1], part.size()[2]);
            part.reshape([-1, tokens, heads, features / heads]).transpose(1, 2)
        };
        let mut parts = projected.chunk(3, -1).into_iter().map(by_head);
        let (Some(query), Some(key), Some(value)) = (parts.next(), parts.next(), parts.next())
        else {
            unreachable!("three parts were asked for");
        };
        let none = None::<&Tensor>;
        let seen = Tensor::scaled_dot_product_attention(
            &query, &key, &value, none, 0.0, false, None, false,
        );
        let together = seen.transpose(1, 2).flatten(2, -1);
        together.linear(self.tensor(node, "out_proj.weight"), self.parameter(node, "out_proj.bias"))
    }
}

/// Of height and width.
fn both(side: u32) -> [i64; 2] {
    [i64::from(side); 2]
}

fn pool_max(x: &Tensor, window: Window) -> Tensor {
    let Window { kernel, stride, padding } = window;
    x.max_pool2d(both(kernel), both(stride), both(padding), [1, 1], false)
}

fn pool_mean(x: &Tensor, window: Window) -> Tensor {
    let Window { kernel, stride, padding } = window;
    x.avg_pool2d(both(kernel), both(stride), both(padding), false, true, None)
}

/// Of a map, the vectors are its places' channels.
fn on_each_vector(x: &Tensor, apply: impl Fn(&Tensor) -> Tensor) -> Tensor {
    if x.dim() == 4 { apply(&x.permute([0, 2, 3, 1])).permute([0, 3, 1, 2]) } else { apply(x) }
}

fn activate(kind: Activation, x: &Tensor) -> Tensor {
    match kind {
        Activation::Relu => x.relu(),
        Activation::Relu6 => x.relu6(),
        Activation::Hardswish => x.hardswish(),
        Activation::Hardsigmoid => x.hardsigmoid(),
        Activation::Sigmoid => x.sigmoid(),
        Activation::Silu => x.silu(),
        Activation::Gelu => x.gelu("none"),
        Activation::Tanh => x.tanh(),
        Activation::LeakyRelu => x.leaky_relu(),
        Activation::Elu => x.elu(),
        Activation::QuickGelu => x * (x * 1.702).sigmoid(),
    }
}
