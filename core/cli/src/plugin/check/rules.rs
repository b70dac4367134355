//! What every plugin must stand: each rule is tried, and what the host finds wrong is told.

use sluice_events::plugin::{PluginInfo, Value, Values};
use sluice_host::{Candidates, NetworkPlugin, SelectorPlugin};

use super::LIMIT;
use super::made_up::MadeUp;

/// Candidates of the pools that rules are tried on.
const SIZE: usize = 2000;

/// A rule, and what came of it.
pub struct Tried {
    pub what: String,
    pub outcome: Result<(), String>,
}

/// Every answer of the selector is checked by the host: each candidate exists, none comes twice, and no
/// more than were asked for.
pub fn selector(selector: &SelectorPlugin, values: &Values) -> Vec<Tried> {
    let pool = MadeUp::new(SIZE);
    let known = pool.candidates(values);
    let mut tried = Vec::new();
    let mut try_out = |what: &str, candidates: Candidates, limit: usize| {
        let ranked = selector.rank(candidates, limit);
        let outcome = ranked.map(drop).map_err(|error| error.fault.to_string());
        tried.push(Tried { what: what.to_owned(), outcome });
    };
    try_out("orders a pool in which everything is known", known.clone(), LIMIT);
    try_out("orders more than there is", known.clone(), 2 * SIZE);
    try_out("gives a single one", known.clone(), 1);
    try_out("gives none when none is asked for", known.clone(), 0);
    try_out("orders a pool of one", MadeUp::new(1).candidates(values), LIMIT);
    try_out("orders a pool of none", MadeUp::new(0).candidates(values), LIMIT);
    try_out(
        "orders at the beginning: no scores, features, answers",
        pool.at_the_beginning(values),
        LIMIT,
    );
    let unscored = Candidates { probabilities: vec![f32::NAN; SIZE].into(), ..known.clone() };
    try_out("orders what is not scored", unscored, LIMIT);
    let alike = Candidates { probabilities: vec![0.5; SIZE].into(), ..known.clone() };
    try_out("orders what is all the same", alike, LIMIT);
    for (what, set) in at_the_ends(selector.info(), values) {
        let candidates = Candidates { parameters: set, ..known.clone() };
        try_out(&format!("orders with {what}"), candidates, LIMIT);
    }
    let twice = (selector.rank(known.clone(), LIMIT), selector.rank(known, LIMIT));
    let outcome = match twice {
        (Ok(first), Ok(second)) if first != second => {
            Err("the same pool and the same seed gave two orders".to_owned())
        }
        _ => Ok(()),
    };
    tried.push(Tried { what: "gives the same order again".to_owned(), outcome });
    tried
}

/// The graph is checked by the host: names, cycles, shapes, sizes.
pub fn network(network: &NetworkPlugin, values: &Values) -> Vec<Tried> {
    let mut tried = Vec::new();
    let mut try_out = |what: String, side: u32, values: &Values| {
        let described = network.describe((side, side), values.clone());
        let outcome = described.map(drop).map_err(|error| error.fault.to_string());
        tried.push(Tried { what, outcome });
    };
    for side in [1, 32, 224, 4000] {
        try_out(format!("describes itself for pictures of {side} pixels"), side, values);
    }
    for (what, set) in at_the_ends(network.info(), values) {
        try_out(format!("describes itself with {what}"), 224, &set);
    }
    let twice = [(); 2].map(|()| network.describe((224, 224), values.clone()).ok());
    let outcome = if twice[0] == twice[1] { Ok(()) } else { Err("it gave two".to_owned()) };
    tried.push(Tried { what: "describes itself the same way again".to_owned(), outcome });
    tried
}

/// Each parameter at its ends, the others as they are.
fn at_the_ends(info: &PluginInfo, values: &Values) -> Vec<(String, Values)> {
    let mut all = Vec::new();
    for parameter in &info.parameters {
        let ends = match (&parameter.default, parameter.range) {
            (Value::Boolean(default), _) => vec![Value::Boolean(!default)],
            (Value::Integer(_), Some((least, most))) => {
                vec![Value::Integer(least as i64), Value::Integer(most as i64)]
            }
            (Value::Number(_), Some((least, most))) => {
                vec![Value::Number(least), Value::Number(most)]
            }
            (Value::Integer(_) | Value::Number(_), None) => Vec::new(),
            (Value::Text(_), _) => vec![Value::Text(String::new())],
        };
        for end in ends {
            let what = format!("{} = {end}", parameter.name);
            let mut set = values.clone();
            set.insert(parameter.name.clone(), end);
            all.push((what, set));
        }
    }
    all
}
