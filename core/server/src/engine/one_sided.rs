//! Answers that are all the same: nothing can be learned from them, which a person is told once.

use sluice_events::message::Level;
use sluice_events::{Answer, Source};
use sluice_session::State;

use super::{Engine, Memory};

/// So many answers of one kind say that the other kind does not come by itself.
const MANY: u32 = 30;

/// How many images have a yes or a no of people or files. What the model says itself teaches it nothing.
#[derive(Clone, Copy)]
pub(super) struct Labels {
    positives: u32,
    negatives: u32,
}

impl Labels {
    pub fn of(state: &State) -> Self {
        let with = |wanted: Answer| -> u32 {
            let answered = state.tally.answered.iter();
            let taught = answered
                .filter(|((answer, source), _)| *answer == wanted && *source != Source::Model);
            taught.map(|(_, images)| images).sum()
        };
        Self { positives: with(Answer::Positive), negatives: with(Answer::Negative) }
    }

    fn are_of_both_kinds(self) -> bool {
        self.positives > 0 && self.negatives > 0
    }

    /// What a person should know of many that are all the same.
    fn advice(self, has_example: bool) -> Option<String> {
        let Self { positives, negatives } = self;
        let (answers, all, missing) = match (positives, negatives) {
            (0, no) if no >= MANY => (no, "no", "yes"),
            (yes, 0) if yes >= MANY => (yes, "yes", "no"),
            _ => return None,
        };
        let help = if positives > 0 {
            "The orders spread and random bring images that look otherwise than those"
        } else if has_example {
            "The orders spread and random bring images that look otherwise than the example"
        } else {
            "A picture of what you look for helps: stop sluice, give the same command again with --example FILE, \
             and the order similar brings what looks like it first"
        };
        Some(format!(
            "{answers} answers, all of them {all}: nothing can be learned until there is one {missing}. Until then \
             images are ordered without a model. {help}."
        ))
    }
}

impl Engine {
    /// Says once in a run that the answers are all the same; when they no longer are, the notice goes.
    pub(super) fn tell_one_sided(&self, memory: &mut Memory, labels: Labels) {
        if let Some(told) = &memory.one_sided {
            if labels.are_of_both_kinds() {
                self.notices.take_down(told);
            }
        } else if self.model
            && let Some(advice) = labels.advice(self.folder.has_example())
        {
            self.notices.pin(Level::Info, advice.clone());
            memory.one_sided = Some(advice);
        }
    }
}
