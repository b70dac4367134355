//! The model card: what a person should know before they trust the model (Mitchell et al. 2019, "Model Cards for Model
//! Reporting").

use indicatif::HumanCount;
use sluice_events::message::Answered;
use sluice_events::network::PATCHES;
use sluice_events::plugin::Values;
use sluice_learn::{Input, Part, Predictor, Way};

use super::facts::Facts;
use super::markdown::{code, plain, table};
use super::{loading, measures, preparation};
use crate::arguments::ModelFormat;
use crate::replay::words;

/// What is told of.
pub struct Card<'a> {
    pub file: &'a str,
    pub format: ModelFormat,
    pub predictor: &'a Predictor,
    pub inputs: &'a [Input],
    pub facts: &'a Facts,
}

impl Card<'_> {
    /// As Markdown.
    pub fn text(&self) -> String {
        let mut all = self.introduction();
        all.extend(self.data());
        all.extend(self.labels());
        all.extend(self.parts());
        all.extend(measures::paragraphs(self.facts, self.predictor.parts.len() > 1));
        all.extend(self.settings());
        all.extend(self.preparation());
        all.extend(limits());
        all.extend(self.loading());
        all.join("\n\n") + "\n"
    }

    fn introduction(&self) -> Vec<String> {
        let question = plain(&self.facts.question);
        vec![
            format!("# {question}"),
            format!(
                "`{}` answers this question for a picture with a number from 0 to 1, P(positive): how likely the \
                 answer is yes. It was learned from the answers of one session of labelling with sluice, and exported \
                 by sluice {}.",
                self.file,
                env!("CARGO_PKG_VERSION")
            ),
        ]
    }

    fn data(&self) -> Vec<String> {
        let statistics = &self.facts.statistics;
        vec![
            "## Data".to_owned(),
            format!(
                "The pool is the folder {}: {} images, of which {} could not be shown.",
                plain(&self.facts.pool),
                count(statistics.images),
                count(statistics.set_aside)
            ),
        ]
    }

    fn labels(&self) -> Vec<String> {
        let Facts { statistics, positives, negatives, .. } = self.facts;
        let row = |answered: &Answered| {
            [
                words::said(answered.answer).to_owned(),
                words::source(answered.source).to_owned(),
                count(answered.images),
            ]
        };
        vec![
            "## Labels".to_owned(),
            format!(
                "{} images are labelled yes, {} no, {} were skipped, because nobody could say, and {} are left. The \
                 model learned from {} yes and {} no; what the model itself labelled taught it nothing.",
                count(statistics.positives),
                count(statistics.negatives),
                count(statistics.skipped),
                count(statistics.unlabelled),
                count(*positives),
                count(*negatives)
            ),
            table(["Answer", "given", "images"], statistics.answered.iter().map(row)),
        ]
    }

    fn parts(&self) -> Vec<String> {
        let Predictor { parts, offset } = self.predictor;
        let row = |part: &Part| {
            let numbers: usize = part.tensors.values().map(|tensor| tensor.numbers.len()).sum();
            [
                part.name.clone(),
                self.what(part),
                format!("{0} × {0}", part.input().side),
                HumanCount(numbers as u64).to_string(),
                format!("{:.6}", part.factor),
            ]
        };
        vec![
            "## What it is made of".to_owned(),
            format!(
                "Each part looks at the picture and gives one number, a logit. P(positive) = sigmoid({offset:.6} + the \
                 sum of factor · logit)."
            ),
            table(["Part", "what", "pixels", "numbers learned", "factor"], parts.iter().map(row)),
        ]
    }

    fn what(&self, part: &Part) -> String {
        let background = self.facts.training.background.as_deref().unwrap_or("a network");
        match &part.way {
            Way::Patches { .. } => {
                "features from patches of the pool's own pictures (k-means), with a linear head"
                    .to_owned()
            }
            Way::Network(_) if part.name == "background" => {
                format!("{}, which trained in the background on the pictures", plain(background))
            }
            Way::Network(graph) => format!(
                "features of the network {} ({} steps), with a linear head",
                plain(&self.facts.training.features),
                graph.graph().nodes.len()
            ),
        }
    }

    fn settings(&self) -> Vec<String> {
        let Facts { training, seed, log_id, learned_from, begun_by, .. } = self.facts;
        let network = if training.features == PATCHES {
            "none (patches)".to_owned()
        } else {
            with_values(&training.features, &self.facts.network_values)
        };
        let background = training.background.as_deref().map_or("nothing".to_owned(), plain);
        let rows = [
            ("network", network),
            ("trains in the background", background),
            ("selector", with_values(&self.facts.selector, &self.facts.selector_values)),
            ("seed", seed.to_string()),
            ("device of this export", training.device.clone()),
            (
                "sluice",
                format!("{}; the session was begun by {begun_by}", env!("CARGO_PKG_VERSION")),
            ),
            ("session", log_id.clone()),
            ("newest event that it learned from", learned_from.to_string()),
        ];
        let rows = rows.map(|(what, value)| [what.to_owned(), value]);
        vec!["## Settings".to_owned(), table(["", "what"], rows)]
    }

    fn preparation(&self) -> Vec<String> {
        let steps = preparation::STEPS.iter().zip(1..);
        let steps: Vec<String> = steps.map(|(step, at)| format!("{at}. {step}")).collect();
        let inputs: Vec<String> = self
            .inputs
            .iter()
            .map(|Input { name, side }| format!("`{name}` (`side` is {side})"))
            .collect();
        vec![
            "## How a picture is prepared".to_owned(),
            format!("For each of what it takes, {}:", inputs.join(" and ")),
            steps.join("\n"),
            "In Python:".to_owned(),
            code("python", preparation::IN_PYTHON),
        ]
    }

    fn loading(&self) -> Vec<String> {
        vec![
            "## How it is loaded in Python".to_owned(),
            code("python", &loading::in_python(self.file, self.format, self.inputs)),
            loading::remark(self.format).to_owned(),
        ]
    }
}

fn limits() -> Vec<String> {
    let limits = [
        "It was trained by active learning: the pictures that were answered were chosen, many of them because the \
         model held them likely. They are no sample drawn by chance, neither of this pool nor of anything else, and \
         no figure above is an estimate for pictures drawn by chance.",
        "Its probabilities are made for this pool. On other pictures, of another camera, place or time, or with \
         positives more or less rare, it may order well and still be wrong in its numbers. Hold it against some \
         labelled pictures of yours first.",
        "It knows only such positives as were found. Of kinds that nobody came across, it says nothing.",
        "Whoever labelled may have been wrong; nobody has checked that here.",
    ];
    let lines: Vec<String> = limits.iter().map(|limit| format!("- {limit}")).collect();
    vec!["## Limits".to_owned(), lines.join("\n")]
}

fn count(number: u32) -> String {
    HumanCount(u64::from(number)).to_string()
}

/// A plugin, and what is set on it.
fn with_values(name: &str, values: &Values) -> String {
    let values = values.iter().map(|(name, value)| format!("{name}={value}"));
    let values: Vec<String> = values.collect();
    if values.is_empty() { plain(name) } else { plain(&format!("{name} ({})", values.join(", "))) }
}
