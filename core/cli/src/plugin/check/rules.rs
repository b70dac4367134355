//! What every plugin must stand: each rule is tried, and what the host finds wrong is told.

use sluice_events::plugin::{PluginInfo, Value, Values};
use sluice_host::{Candidates, NetworkPlugin, PluginError, PluginFault, SelectorPlugin};

use super::LIMIT;
use super::made_up::MadeUp;

/// Candidates of the pools that rules are tried on.
const SIZE: usize = 2000;

/// A rule, and what came of it.
pub struct Tried {
    pub what: String,
    pub outcome: Outcome,
}

/// What came of trying a rule.
pub enum Outcome {
    Kept,
    /// The plugin said that it can't: that is its right, and shown to the person.
    Refused(String),
    Broken(String),
}

impl<T> From<Result<T, PluginError>> for Outcome {
    fn from(result: Result<T, PluginError>) -> Self {
        match result.map_err(|error| error.fault) {
            Ok(_) => Self::Kept,
            Err(PluginFault::Refused(why)) => Self::Refused(why),
            Err(fault) => Self::Broken(fault.to_string()),
        }
    }
}

/// Every answer of the selector is checked by the host: each candidate exists, none comes twice, and no
/// more than were asked for.
pub fn selector(selector: &SelectorPlugin, values: &Values) -> Vec<Tried> {
    let pool = MadeUp::new(SIZE);
    let known = pool.candidates(values);
    let mut tried = Vec::new();
    let mut try_out = |what: &str, candidates: Candidates, limit: usize| {
        let outcome = Outcome::from(selector.rank(candidates, limit));
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
    if let (Ok(first), Ok(second)) = twice {
        let outcome = if first == second {
            Outcome::Kept
        } else {
            Outcome::Broken("the same pool and the same seed gave two orders".to_owned())
        };
        tried.push(Tried { what: "gives the same order again".to_owned(), outcome });
    }
    tried
}

/// The graph is checked by the host: names, cycles, shapes, sizes.
pub fn network(network: &NetworkPlugin, values: &Values) -> Vec<Tried> {
    let mut tried = Vec::new();
    let mut try_out = |what: String, side: u32, values: &Values| {
        let outcome = Outcome::from(network.describe((side, side), values.clone()));
        tried.push(Tried { what, outcome });
    };
    for side in [1, 32, 224, 4000] {
        try_out(format!("describes itself for pictures of {side} pixels"), side, values);
    }
    for (what, set) in at_the_ends(network.info(), values) {
        try_out(format!("describes itself with {what}"), 224, &set);
    }
    let twice = [(); 2].map(|()| network.describe((224, 224), values.clone()).ok());
    if let [Some(first), Some(second)] = twice {
        let outcome = if first == second {
            Outcome::Kept
        } else {
            Outcome::Broken("it gave two graphs".to_owned())
        };
        tried.push(Tried { what: "describes itself the same way again".to_owned(), outcome });
    }
    tried
}

/// Each parameter at its ends, the others as they are.
fn at_the_ends(info: &PluginInfo, values: &Values) -> Vec<(String, Values)> {
    let mut all = Vec::new();
    for parameter in &info.parameters {
        let ends = match (&parameter.default, parameter.range) {
            (Value::Boolean(default), _) => vec![Value::Boolean(!default)],
            (Value::Integer(_), Some((least, most))) => {
                vec![Value::Integer(least.ceil() as i64), Value::Integer(most.floor() as i64)]
            }
            (Value::Number(_), Some((least, most))) => {
                vec![Value::Number(least), Value::Number(most)]
            }
            (Value::Integer(_) | Value::Number(_), None) => Vec::new(),
            (Value::Text(_), _) if parameter.choices.is_empty() => {
                vec![Value::Text(String::new())]
            }
            (Value::Text(_), _) => parameter.choices.iter().cloned().map(Value::Text).collect(),
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
