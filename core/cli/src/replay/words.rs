//! Words for what was said, by whom, and when.

use sluice_events::facts::Origin;
use sluice_events::{Answer, ImageId, Source};
use sluice_server::finish::what;
use sluice_session::State;

pub fn said(answer: Answer) -> &'static str {
    match answer {
        Answer::Positive => "yes",
        Answer::Negative => "no",
        Answer::Skip => "skip",
    }
}

pub fn source(source: Source) -> &'static str {
    match source {
        Source::Manual => "by hand",
        Source::Timeout => "time ran out",
        Source::Imported => "from files",
        Source::Model => "by the model",
        Source::Audit => "in an audit",
    }
}

pub fn probability(probability: Option<f32>) -> String {
    probability.map_or_else(|| "-".to_owned(), |probability| format!("{probability:.3}"))
}

/// Where the labels of a step come from.
pub fn origin(origin: &Origin) -> String {
    match origin {
        Origin::File { name, .. } => plain(name),
        Origin::Model { .. } => format!("the model: {}", what(origin)),
    }
}

/// Hours, minutes, seconds.
pub fn elapsed(duration_us: u64) -> String {
    let tenths = duration_us / 100_000;
    let (seconds, tenths) = (tenths / 10, tenths % 10);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    format!("{}:{:02}:{seconds:02}.{tenths}", minutes / 60, minutes % 60)
}

/// What an image is called.
pub fn path(state: &State, image: ImageId) -> String {
    let known = state.image(image).map(|image| image.path.clone());
    known.filter(|path| !path.is_empty()).unwrap_or_else(|| format!("image number {}", image.0))
}

/// A name can be anything; on a terminal, some of it would not be shown but obeyed.
pub fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_like_a_clock() {
        assert_eq!(elapsed(0), "0:00:00.0");
        assert_eq!(elapsed(3_723_450_000), "1:02:03.4");
        assert_eq!(elapsed(100 * 3_600_000_000), "100:00:00.0");
    }

    #[test]
    fn a_name_can_t_command_a_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\n.png"), "a\u{fffd}[2Jb\u{fffd}.png");
        assert_eq!(plain("Käse, ἵππος.jpg"), "Käse, ἵππος.jpg");
    }
}
