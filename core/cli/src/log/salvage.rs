//! `sluice log salvage`: what is whole of a damaged session, in a new folder.

use anyhow::{Context, Result, bail};
use indicatif::HumanCount;
use sluice_events::facts::RecordLost;
use sluice_events::{Event, codec};
use sluice_log::storage::FsStorage;
use sluice_log::{Record, SalvageError, salvage};

use super::{say, with_next_step};
use crate::arguments::Salvage;

pub fn run(arguments: &Salvage) -> Result<()> {
    let from = super::session(&arguments.folder)?;
    let to = FsStorage::new(&arguments.to)
        .with_context(|| format!("can't make the folder {}", arguments.to.display()))?;
    let encoded = codec::encode(&Event::RecordLost(RecordLost {}))?;
    let filler = Record {
        seq: 0,
        time_us: 0,
        event_type: encoded.event_type,
        schema_version: encoded.schema_version,
        payload: encoded.payload,
    };
    let rescue = match salvage(&from, &to, &filler) {
        Ok(rescue) => rescue,
        Err(SalvageError::Open(error)) => return Err(with_next_step(&error, from.root())),
        Err(error) => bail!(error),
    };
    let new = arguments.to.display();
    say(&format!("Rescued {} records into {new}.", HumanCount(rescue.whole)))?;
    for lost in &rescue.lost {
        say(&format!("Lost: records {} to {}: {}.", lost.from, lost.to - 1, lost.why))?;
    }
    if rescue.lost.is_empty() {
        say("Nothing is lost.")?;
    }
    say(&format!(
        "{} is as it was. Look at what is there with `sluice log stat '{new}'`; go on with `sluice serve \
         DIR --session '{new}'`.",
        from.root().display()
    ))?;
    Ok(())
}
