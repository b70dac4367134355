//! Where a fit ends, and what hard labels and features do to it.

use super::*;

pub(super) fn problem(n: i64, d: i64, positives: i64) -> (Tensor, Tensor) {
    tch::manual_seed(7);
    let options = (Kind::Float, tch::Device::Cpu);
    let y = (Tensor::arange(n, options).lt(positives as f64)).to_kind(Kind::Float);
    let x = Tensor::randn([n, d], options) + y.unsqueeze(1) * 0.7;
    (x, y)
}

/// Gradient of the objective at a fitted head.
fn gradient(x: &Tensor, y: &Tensor, head: &Head) -> f64 {
    let n = y.size()[0] as f64;
    let positives = y.sum(Kind::Float).double_value(&[]);
    let weights = y * (n / (2.0 * positives)) + (1.0 - y) * (n / (2.0 * (n - positives)));
    let lambda = RIDGE * (x * x).sum(Kind::Float).double_value(&[]) / n;
    let errors = weights * ((x.mv(&head.beta) + &head.bias).sigmoid() - y);
    let of_beta = x.tr().mv(&errors) + &head.beta * lambda;
    let of_bias = errors.sum(Kind::Float).double_value(&[]);
    of_beta.norm().double_value(&[]).hypot(of_bias)
}

#[test]
fn both_forms_reach_the_minimum() {
    // More features than labels, then fewer; the same number, and one positive only.
    for (n, d, positives) in [(20, 60, 8), (300, 20, 30), (40, 40, 20), (500, 30, 1)] {
        let (x, y) = problem(n, d, positives);
        let head = Head::zero(d, &x).fit(&x, &y, None);
        let slope = gradient(&x, &y, &head);
        assert!(slope < 0.02 * n as f64, "n {n}, d {d}: gradient {slope}");
        assert!(head.loss < 2.0_f64.ln(), "n {n}, d {d}: loss {}", head.loss);
    }
}

#[test]
fn a_warm_start_ends_where_a_cold_one_does() {
    let (x, y) = problem(200, 30, 40);
    let cold = Head::zero(30, &x).fit(&x, &y, None);
    let warm =
        Head::zero(30, &x).fit(&x.narrow(0, 0, 60), &y.narrow(0, 0, 60), None).fit(&x, &y, None);
    let apart = (&cold.beta - &warm.beta).norm().double_value(&[]);
    assert!(apart < 0.02 * cold.beta.norm().double_value(&[]), "{apart} apart");
}

#[test]
fn with_many_labels_gradients_reach_the_same_minimum() {
    for positives in [1, 40, 1000] {
        let (x, y) = problem(2000, 30, positives);
        let direct = Head::zero(30, &x).fit(&x, &y, None);
        // The curvature of the first three quarters, at an older head.
        let (older_x, older_y) = (x.narrow(0, 0, 1500), y.narrow(0, 0, 1500));
        let older = Head::zero(30, &x).fit(&older_x, &older_y, None);
        let factor = cholesky(&Problem::new(&older_x, &older_y).hessian(&older));
        let by_gradients = older.fit(&x, &y, factor.as_ref());
        let apart = (&direct.beta - &by_gradients.beta).norm().double_value(&[]);
        let length = direct.beta.norm().double_value(&[]);
        assert!(apart < 0.03 * length, "{positives} positives: {apart} apart of {length}");
    }
}

/// The head's logits of these rows.
fn logits(head: &Head, x: &Tensor) -> Vec<f32> {
    Vec::try_from(x.mv(&head.beta) + &head.bias).expect("numbers")
}

fn furthest(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn features_that_come_twice_or_never_change_change_nothing() {
    // λ follows from mean ‖x‖², which doubles with every feature given twice, and so does what two halves of a
    // weight can say for the same ‖β‖²: the minimum has the same logits.
    for (n, d) in [(100, 10), (30, 60)] {
        let (x, y) = problem(n, d, n / 4);
        let once = logits(&Head::zero(d, &x).fit(&x, &y, None), &x);
        let constant = x.narrow(1, 0, 1).zeros_like();
        let twice = Tensor::cat(&[&x, &x, &constant], 1);
        let twice = logits(&Head::zero(2 * d + 1, &x).fit(&twice, &y, None), &twice);
        let apart = furthest(&once, &twice);
        assert!(apart < 0.02, "n {n}, d {d}: {apart}");
    }
}

#[test]
fn a_picture_that_was_answered_both_ways_gets_what_the_balance_says_and_harms_no_other() {
    let (x, y) = problem(200, 20, 100);
    let apart = Head::zero(20, &x).fit(&x, &y, None);
    let auc = |head: &Head| {
        let all = logits(head, &x);
        let (yes, no) = all.split_at(100);
        let right = yes.iter().flat_map(|a| no.iter().map(move |b| usize::from(a > b)));
        right.sum::<usize>() as f64 / 1e4
    };
    // One further picture, far from all others, answered yes `yes` times of 40: a tug of war of strong labels.
    for (yes, least, most) in [(20, 0.4, 0.6), (36, 0.7, 0.97), (4, 0.03, 0.3)] {
        let odd = Tensor::zeros([1, 20], (Kind::Float, tch::Device::Cpu));
        let _ = odd.narrow(1, 3, 1).fill_(6.0);
        let rows = Tensor::cat(&[&x, &odd.expand([40, 20], false)], 0);
        let both = Tensor::arange(40, (Kind::Float, tch::Device::Cpu)).lt(f64::from(yes));
        let labels = Tensor::cat(&[&y, &both.to_kind(Kind::Float)], 0);
        let head = Head::zero(20, &x).fit(&rows, &labels, None);
        let probability = 1.0 / (1.0 + (-f64::from(logits(&head, &odd)[0])).exp());
        assert!((least..most).contains(&probability), "{yes} of 40: {probability}");
        assert!(auc(&head) > auc(&apart) - 0.05, "{yes}: {} of {}", auc(&head), auc(&apart));
    }
}

#[test]
fn one_positive_among_ten_thousand_is_ranked_first() {
    tch::manual_seed(5);
    let options = (Kind::Float, tch::Device::Cpu);
    let x = Tensor::randn([10_000, 64], options);
    // It is a picture like the others: no feature gives it away.
    let y = Tensor::arange(10_000, options).eq(4_321.0).to_kind(Kind::Float);
    let direct = Head::zero(64, &x).fit(&x, &y, None);
    let older = Head::zero(64, &x).fit(&x.narrow(0, 0, 9_000), &y.narrow(0, 0, 9_000), None);
    let older_problem = (x.narrow(0, 0, 9_000), y.narrow(0, 0, 9_000));
    let hessian = Problem::new(&older_problem.0, &older_problem.1).hessian(&older);
    let by_gradients = older.fit(&x, &y, cholesky(&hessian).as_ref());
    for head in [direct, by_gradients] {
        let all = logits(&head, &x);
        let best = all.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map(|(at, _)| at);
        assert_eq!(best, Some(4_321));
        assert!(all.iter().all(|logit| logit.is_finite() && logit.abs() < 30.0));
        assert!(head.loss < 2.0_f64.ln(), "{}", head.loss);
    }
}

#[test]
fn raw_and_standardised_features_give_the_same_logits() {
    let (raw, y) = problem(80, 12, 20);
    let raw = raw * 3.0 + 5.0;
    let mean = raw.mean_dim(0_i64, false, Kind::Float);
    let deviation = raw.std_dim(0_i64, true, false);
    let x = (&raw - &mean) / &deviation;
    let head = Head::zero(12, &x).fit(&x, &y, None);
    let (weights, bias) = head.on_raw(&mean, &deviation);
    let apart = (raw.mv(&weights) + bias - (x.mv(&head.beta) + &head.bias)).abs().max();
    assert!(apart.double_value(&[]) < 1e-4);
}
