//! `sluice revoke`: takes a step of many labels back, or lists the steps.

use anyhow::{Context, Result, bail};
use sluice_events::{BulkId, Command, CommandId};
use sluice_session::State;
use sluice_session::bulk::Bulk;
use sluice_session::state::By;
use uuid::Uuid;

use crate::arguments::Revoke;
use crate::log;
use crate::reading;
use crate::replay::words::origin;
use crate::tell::say;
use crate::writing::Writing;

pub fn run(arguments: &Revoke) -> Result<()> {
    let state = reading::session(&arguments.folder)?;
    if arguments.list {
        list(&state);
        return Ok(());
    }
    let session = arguments.folder.session.display().to_string();
    let step = chosen(&state, arguments.step, &session)?;
    let writing = Writing::open(&arguments.folder).context("nothing was revoked")?;
    let command = Command::RevokeBulk { id: CommandId(Uuid::now_v7()), bulk: step.bulk };
    let done = writing.session.command_blocking(command);
    writing.close();
    done.context("nothing was revoked")?;
    tell(&state, step);
    Ok(())
}

/// The step that is meant.
fn chosen<'a>(state: &'a State, step: Option<u32>, session: &str) -> Result<&'a Bulk> {
    let Some(number) = step else {
        let newest = state.bulks.iter().rfind(|step| !step.revoked);
        return newest.context("no step of many labels counts here, so nothing was revoked");
    };
    match state.bulk(BulkId(number)) {
        Some(step) if !step.revoked => Ok(step),
        Some(_) => bail!(
            "step {number} was revoked already: its labels do not count, and nothing was changed"
        ),
        None => bail!(
            "there is no step {number}, so nothing was revoked; `sluice revoke {session} --list` lists them"
        ),
    }
}

fn tell(state: &State, step: &Bulk) {
    let gone = step.gave;
    let is_covered = |image| {
        let given = state.image(image).and_then(|image| image.given);
        given.is_some_and(|given| given.by != By::Bulk(step.bulk))
    };
    let covered = step.labels.iter().filter(|said| is_covered(said.image)).count();
    let labels = if gone == 1 { "1 label is".to_owned() } else { format!("{gone} labels are") };
    let since = match covered {
        0 => String::new(),
        covered => format!(" Images that were answered anew since: {covered}."),
    };
    say(&format!(
        "Revoked step {} ({}): {labels} gone. Answers that people gave to these images stay.{since}",
        step.bulk.0,
        origin(&step.origin)
    ));
}

fn list(state: &State) {
    if state.bulks.is_empty() {
        say("There is no step of many labels.");
        return;
    }
    say(&format!("{:>4}  {:<20}  {:>9}  where from", "step", "when", "labels"));
    for step in &state.bulks {
        let interrupted = match step.missing() {
            0 => String::new(),
            missing => format!("; interrupted, {missing} never came"),
        };
        say(&format!(
            "{:>4}  {:<20}  {:>9}  {}{}{interrupted}",
            step.bulk.0,
            log::time(step.time_us / 1_000_000 * 1_000_000),
            step.gave,
            origin(&step.origin),
            if step.revoked { "; revoked" } else { "" }
        ));
    }
}
