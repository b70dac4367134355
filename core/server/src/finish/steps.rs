//! The steps that were made, for a person.

use sluice_events::facts::Origin;
use sluice_events::message::StepMade;
use sluice_session::bulk::Bulk;

pub(super) fn step(bulk: &Bulk) -> StepMade {
    StepMade {
        bulk: bulk.bulk,
        source: bulk.origin.source(),
        what: what(&bulk.origin),
        time_us: bulk.time_us,
        labels: bulk.gave,
        missing: bulk.missing() as u32,
        positives: bulk.positives,
        revoked: bulk.revoked,
    }
}

/// Where the labels of a step came from, for a person.
pub fn what(origin: &Origin) -> String {
    match origin {
        Origin::File { name, .. } => name.clone(),
        Origin::Model { above, below, .. } => {
            let above = above.map(|p| format!("yes from {} on", percent(p)));
            let below = below.map(|p| format!("no up to {}", percent(p)));
            let both: Vec<String> = above.into_iter().chain(below).collect();
            both.join(", ")
        }
    }
}

/// A probability, 0 to 1, for a person: to a tenth of a per cent; next to nothing and next to certain as far as it
/// takes to tell them from these.
pub fn percent(p: f32) -> String {
    let per_cent = f64::from(p) * 100.0;
    let is_told = |text: &String| {
        let read: f64 = text.trim_end_matches(" %").parse().unwrap_or_default();
        p <= 0.0 || p >= 1.0 || (read > 0.0 && read < 100.0)
    };
    let written = (1..=4).map(|decimals| format!("{per_cent:.decimals$} %")).find(is_told);
    let (least, most) = ("under 0.0001 %", "over 99.9999 %");
    written.unwrap_or_else(|| (if p < 0.5 { least } else { most }).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_is_written_as_far_as_it_takes() {
        let written = [0.5, 0.0004, 0.999_999, 0.0, 1.0, 0.123_4].map(percent);
        assert_eq!(written, ["50.0 %", "0.04 %", "99.9999 %", "0.0 %", "100.0 %", "12.3 %"]);
        assert_eq!([1e-8, 0.999_999_94].map(percent), ["under 0.0001 %", "over 99.9999 %"]);
    }
}
