//! One JSON object an image and line, with everything that was ever said of it.

use std::io::{self, Write};

use anyhow::Result;
use serde::Serialize;
use sluice_events::{Answer, Source};

use super::history::Entry;
use super::rows::{Session, Wanted};

#[derive(Serialize)]
struct Line<'a> {
    path: &'a str,
    label: Option<Answer>,
    source: Option<Source>,
    probability: Option<f32>,
    answered_at: Option<String>,
    seconds: Option<f64>,
    /// Why the image can't be shown, if it can't.
    set_aside: Option<&'a str>,
    history: Vec<Entry<'a>>,
}

pub fn write(out: &mut dyn Write, session: &Session, wanted: &Wanted) -> Result<()> {
    for row in session.rows(wanted) {
        let history = session.history.as_ref();
        let line = Line {
            path: &row.image.path,
            label: row.answer(),
            source: row.source(),
            probability: row.probability(),
            answered_at: row.answered_at(),
            seconds: row.seconds(),
            set_aside: row.image.set_aside.as_deref(),
            history: history.map(|known| known.of(row.id, &session.state)).unwrap_or_default(),
        };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
